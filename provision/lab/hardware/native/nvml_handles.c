#include <stdio.h>
#include <string.h>

#include "capabilities.h"
#include "clients.h"
#include "nvml_internal.h"

static struct nvml_device gpus[MAX_GPUS];
static struct nvml_device mig_devices[MAX_GPUS][MAX_INSTANCES][MAX_COMPUTE];
static struct nvml_gpu_instance instances[MAX_GPUS][MAX_INSTANCES];
static struct nvml_compute_instance computes[MAX_GPUS][MAX_INSTANCES][MAX_COMPUTE];

nvmlDevice_t handle_of_gpu(unsigned gpu)
{
    gpus[gpu] = (struct nvml_device){.gpu = gpu};
    return &gpus[gpu];
}

nvmlDevice_t handle_of_mig_device(unsigned gpu, unsigned gi, unsigned ci)
{
    mig_devices[gpu][gi][ci] = (struct nvml_device){.gpu = gpu, .mig = true, .gi = gi, .ci = ci};
    return &mig_devices[gpu][gi][ci];
}

nvmlGpuInstance_t handle_of_instance(unsigned gpu, unsigned gi)
{
    instances[gpu][gi] = (struct nvml_gpu_instance){.gpu = gpu, .gi = gi};
    return &instances[gpu][gi];
}

nvmlComputeInstance_t handle_of_compute(unsigned gpu, unsigned gi, unsigned ci)
{
    computes[gpu][gi][ci] = (struct nvml_compute_instance){.gpu = gpu, .gi = gi, .ci = ci};
    return &computes[gpu][gi][ci];
}

static nvmlReturn_t usable(struct state *state, unsigned index, struct gpu **gpu)
{
    if (index >= state->gpu_count)
        return NVML_ERROR_INVALID_ARGUMENT;
    *gpu = &state->gpus[index];
    return (*gpu)->lost ? NVML_ERROR_GPU_IS_LOST : NVML_SUCCESS;
}

nvmlReturn_t enter_gpu(nvmlDevice_t device, struct gpu **gpu)
{
    struct state *state;
    nvmlReturn_t result = enter(&state);
    if (result != NVML_SUCCESS)
        return result;
    if (device == NULL || device->mig)
        return NVML_ERROR_INVALID_ARGUMENT;
    return usable(state, device->gpu, gpu);
}

nvmlReturn_t enter_device(nvmlDevice_t device, struct gpu **gpu, struct gpu_instance **instance,
                          struct compute_instance **compute)
{
    struct state *state;
    nvmlReturn_t result = enter(&state);
    *instance = NULL;
    *compute = NULL;
    if (result != NVML_SUCCESS)
        return result;
    if (device == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    result = usable(state, device->gpu, gpu);
    if (result != NVML_SUCCESS || !device->mig)
        return result;
    *instance = instance_find(*gpu, device->gi);
    *compute = *instance == NULL ? NULL : compute_find(*instance, device->ci);
    return *compute == NULL ? NVML_ERROR_INVALID_ARGUMENT : NVML_SUCCESS;
}

nvmlReturn_t enter_to_change(nvmlDevice_t device, struct state **state, struct gpu **gpu)
{
    nvmlReturn_t result = enter_gpu(device, gpu);
    if (result != NVML_SUCCESS)
        return result;
    *state = state_begin();
    if (*state == NULL)
        return NVML_ERROR_NO_PERMISSION;
    result = usable(*state, device->gpu, gpu);
    if (result != NVML_SUCCESS)
        state_abort();
    return result;
}

nvmlReturn_t leave(nvmlReturn_t result)
{
    if (result == NVML_SUCCESS)
        return state_commit() ? NVML_SUCCESS : NVML_ERROR_NO_PERMISSION;
    state_abort();
    return result;
}

bool gpu_is_visible(const struct gpu *gpu)
{
    char name[24];
    if (!state_in_container())
        return true;
    snprintf(name, sizeof name, "nvidia%u", gpu->minor);
    return device_try(name) == DEVICE_ALLOWED;
}

bool instance_is_visible(const struct gpu *gpu, const struct gpu_instance *instance,
                         const struct compute_instance *compute)
{
    char name[48];
    if (!state_in_container())
        return true;
    snprintf(name, sizeof name, "nvidia-caps/nvidia-cap%u", capability_minor(gpu, instance, compute));
    return device_try(name) == DEVICE_ALLOWED;
}

nvmlReturn_t give_text(char *buffer, unsigned size, const char *text)
{
    if (buffer == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (strlen(text) >= size)
        return NVML_ERROR_INSUFFICIENT_SIZE;
    strcpy(buffer, text);
    return NVML_SUCCESS;
}
