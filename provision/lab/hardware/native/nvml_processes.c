/* Running CUDA programs: the processes that hold a GPU and the unified memory device. */

#include "capabilities.h"
#include "clients.h"
#include "nvml_internal.h"

#define USED (512ull * 1048576)

NVML_API nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v3(nvmlDevice_t device, unsigned *count,
                                                              nvmlProcessInfo_t *infos);

static bool has_capability(const struct client *client, unsigned minor)
{
    for (size_t i = 0; i < client->capability_count; i++)
        if (client->capabilities[i] == minor)
            return true;
    return false;
}

/* On which instance of the GPU a program computes; NVML_NO_INSTANCE without MIG. */
static nvmlProcessInfo_t describe(const struct gpu *gpu, const struct client *client)
{
    nvmlProcessInfo_t info = {client->pid, USED, NVML_NO_INSTANCE, NVML_NO_INSTANCE};
    for (unsigned i = 0; i < gpu->instance_count; i++)
        for (unsigned j = 0; j < gpu->instances[i].compute_count; j++)
            if (has_capability(client, capability_minor(gpu, &gpu->instances[i], &gpu->instances[i].compute[j]))) {
                info.gpuInstanceId = gpu->instances[i].id;
                info.computeInstanceId = gpu->instances[i].compute[j].id;
            }
    return info;
}

nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v3(nvmlDevice_t device, unsigned *count, nvmlProcessInfo_t *infos)
{
    struct client clients[MAX_CLIENTS];
    struct gpu *gpu;
    struct gpu_instance *instance;
    struct compute_instance *compute;
    nvmlReturn_t result = enter_device(device, &gpu, &instance, &compute);
    if (result != NVML_SUCCESS)
        return result;
    size_t known = clients_find(clients, MAX_CLIENTS);
    unsigned room = *count, found = 0;
    for (size_t i = 0; i < known; i++) {
        if (!clients[i].computes || (clients[i].gpus & (1u << gpu->minor)) == 0)
            continue;
        nvmlProcessInfo_t info = describe(gpu, &clients[i]);
        if (instance != NULL && (info.gpuInstanceId != instance->id || info.computeInstanceId != compute->id))
            continue;
        if (found < room && infos != NULL)
            infos[found] = info;
        found++;
    }
    *count = found;
    return found > room || (found != 0 && infos == NULL) ? NVML_ERROR_INSUFFICIENT_SIZE : NVML_SUCCESS;
}
