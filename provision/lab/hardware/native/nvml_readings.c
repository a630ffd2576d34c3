/* What sensors and settings of a GPU say: plausible figures of an idle one. */

#include <string.h>

#include "nvml_internal.h"

#define MIB 1048576ull
#define RESERVED (500 * MIB)
#define IDLE_CELSIUS 31
#define IDLE_POWER_SHARE 8 /* of the limit: one part in eight */

NVML_API nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory);
NVML_API nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, nvmlMemory_v2_t *memory);
NVML_API nvmlReturn_t nvmlDeviceGetUtilizationRates(nvmlDevice_t device, nvmlUtilization_t *utilization);
NVML_API nvmlReturn_t nvmlDeviceGetTemperature(nvmlDevice_t device, unsigned sensor, unsigned *celsius);
NVML_API nvmlReturn_t nvmlDeviceGetPowerUsage(nvmlDevice_t device, unsigned *milliwatts);
NVML_API nvmlReturn_t nvmlDeviceGetEnforcedPowerLimit(nvmlDevice_t device, unsigned *milliwatts);
NVML_API nvmlReturn_t nvmlDeviceGetPerformanceState(nvmlDevice_t device, unsigned *state);
NVML_API nvmlReturn_t nvmlDeviceGetPersistenceMode(nvmlDevice_t device, unsigned *mode);
NVML_API nvmlReturn_t nvmlDeviceSetPersistenceMode(nvmlDevice_t device, unsigned mode);
NVML_API nvmlReturn_t nvmlDeviceGetEccMode(nvmlDevice_t device, unsigned *current, unsigned *pending);
NVML_API nvmlReturn_t nvmlDeviceGetTotalEccErrors(nvmlDevice_t device, unsigned type, unsigned counter,
                                                  unsigned long long *errors);
NVML_API nvmlReturn_t nvmlDeviceGetCurrPcieLinkGeneration(nvmlDevice_t device, unsigned *generation);
NVML_API nvmlReturn_t nvmlDeviceGetMaxPcieLinkGeneration(nvmlDevice_t device, unsigned *generation);
NVML_API nvmlReturn_t nvmlDeviceGetCurrPcieLinkWidth(nvmlDevice_t device, unsigned *width);
NVML_API nvmlReturn_t nvmlDeviceGetMaxPcieLinkWidth(nvmlDevice_t device, unsigned *width);
NVML_API nvmlReturn_t nvmlDeviceGetGpuFabricInfoV(nvmlDevice_t device, nvmlGpuFabricInfo_v2_t *info);

/* Memory of a device as MIG divides it: total and what the driver keeps of it, in bytes. */
static nvmlReturn_t memory_of(nvmlDevice_t device, unsigned long long *total, unsigned long long *reserved)
{
    struct gpu *gpu;
    struct gpu_instance *instance;
    struct compute_instance *compute;
    nvmlReturn_t result = enter_device(device, &gpu, &instance, &compute);
    if (result != NVML_SUCCESS)
        return result;
    *total = gpu->model->memory * MIB;
    *reserved = RESERVED;
    if (instance != NULL) {
        *total = profile_by_id(gpu->model, instance->profile_id)->memory * MIB;
        *reserved = 0;
    }
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory)
{
    unsigned long long reserved;
    nvmlReturn_t result = memory_of(device, &memory->total, &reserved);
    if (result == NVML_SUCCESS) {
        memory->used = reserved;
        memory->free = memory->total - reserved;
    }
    return result;
}

nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, nvmlMemory_v2_t *memory)
{
    if (memory->version != NVML_VERSION(nvmlMemory_v2_t, 2))
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    nvmlReturn_t result = memory_of(device, &memory->total, &memory->reserved);
    if (result == NVML_SUCCESS) {
        memory->used = 0;
        memory->free = memory->total - memory->reserved;
    }
    return result;
}

nvmlReturn_t nvmlDeviceGetUtilizationRates(nvmlDevice_t device, nvmlUtilization_t *utilization)
{
    struct gpu *gpu;
    nvmlReturn_t result = enter_gpu(device, &gpu);
    if (result != NVML_SUCCESS)
        return result;
    /* With MIG on there is no figure for the whole GPU. */
    if (gpu->mig)
        return NVML_ERROR_NOT_SUPPORTED;
    *utilization = (nvmlUtilization_t){0, 0};
    return NVML_SUCCESS;
}

static nvmlReturn_t give(nvmlDevice_t device, unsigned *where, unsigned value)
{
    struct gpu *gpu;
    nvmlReturn_t result = enter_gpu(device, &gpu);
    if (result == NVML_SUCCESS)
        *where = value;
    return result;
}

nvmlReturn_t nvmlDeviceGetTemperature(nvmlDevice_t device, unsigned sensor, unsigned *celsius)
{
    (void)sensor;
    return give(device, celsius, IDLE_CELSIUS);
}

nvmlReturn_t nvmlDeviceGetEnforcedPowerLimit(nvmlDevice_t device, unsigned *milliwatts)
{
    struct gpu *gpu;
    nvmlReturn_t result = enter_gpu(device, &gpu);
    if (result == NVML_SUCCESS)
        *milliwatts = gpu->model->power * 1000;
    return result;
}

nvmlReturn_t nvmlDeviceGetPowerUsage(nvmlDevice_t device, unsigned *milliwatts)
{
    nvmlReturn_t result = nvmlDeviceGetEnforcedPowerLimit(device, milliwatts);
    if (result == NVML_SUCCESS)
        *milliwatts /= IDLE_POWER_SHARE;
    return result;
}

nvmlReturn_t nvmlDeviceGetPerformanceState(nvmlDevice_t device, unsigned *state)
{
    return give(device, state, 0);
}

nvmlReturn_t nvmlDeviceGetPersistenceMode(nvmlDevice_t device, unsigned *mode)
{
    struct gpu *gpu;
    nvmlReturn_t result = enter_gpu(device, &gpu);
    if (result == NVML_SUCCESS)
        *mode = gpu->persistence;
    return result;
}

nvmlReturn_t nvmlDeviceSetPersistenceMode(nvmlDevice_t device, unsigned mode)
{
    struct state *state;
    struct gpu *gpu;
    if (mode > 1)
        return NVML_ERROR_INVALID_ARGUMENT;
    nvmlReturn_t result = enter_to_change(device, &state, &gpu);
    if (result != NVML_SUCCESS)
        return result;
    gpu->persistence = mode != 0;
    return leave(NVML_SUCCESS);
}

nvmlReturn_t nvmlDeviceGetEccMode(nvmlDevice_t device, unsigned *current, unsigned *pending)
{
    *pending = 1;
    return give(device, current, 1);
}

nvmlReturn_t nvmlDeviceGetTotalEccErrors(nvmlDevice_t device, unsigned type, unsigned counter,
                                         unsigned long long *errors)
{
    struct gpu *gpu;
    (void)type;
    (void)counter;
    nvmlReturn_t result = enter_gpu(device, &gpu);
    if (result == NVML_SUCCESS)
        *errors = 0;
    return result;
}

/* PCIe generation by architecture: Volta 3, Ampere 4, Hopper and later 5. */
nvmlReturn_t nvmlDeviceGetMaxPcieLinkGeneration(nvmlDevice_t device, unsigned *generation)
{
    struct gpu *gpu;
    nvmlReturn_t result = enter_gpu(device, &gpu);
    if (result == NVML_SUCCESS)
        *generation = gpu->model->architecture < 7 ? 3 : gpu->model->architecture < 9 ? 4 : 5;
    return result;
}

nvmlReturn_t nvmlDeviceGetCurrPcieLinkGeneration(nvmlDevice_t device, unsigned *generation)
{
    return nvmlDeviceGetMaxPcieLinkGeneration(device, generation);
}

nvmlReturn_t nvmlDeviceGetCurrPcieLinkWidth(nvmlDevice_t device, unsigned *width)
{
    return give(device, width, 16);
}

nvmlReturn_t nvmlDeviceGetMaxPcieLinkWidth(nvmlDevice_t device, unsigned *width)
{
    return give(device, width, 16);
}

static unsigned char fabric_state(const struct gpu *gpu)
{
    switch (gpu->fabric) {
    case FABRIC_WAITING:
        return NVML_FABRIC_IN_PROGRESS;
    case FABRIC_COMPLETED:
        return NVML_FABRIC_COMPLETED;
    default:
        return NVML_FABRIC_NOT_SUPPORTED;
    }
}

nvmlReturn_t nvmlDeviceGetGpuFabricInfoV(nvmlDevice_t device, nvmlGpuFabricInfo_v2_t *info)
{
    struct gpu *gpu;
    nvmlReturn_t result = enter_gpu(device, &gpu);
    if (result != NVML_SUCCESS)
        return result;
    if (info->version == NVML_VERSION(nvmlGpuFabricInfo_v3_t, 3))
        ((nvmlGpuFabricInfo_v3_t *)info)->healthSummary = gpu->fabric == FABRIC_COMPLETED;
    else if (info->version != NVML_VERSION(nvmlGpuFabricInfo_v2_t, 2))
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    memset(info->clusterUuid, 0, sizeof info->clusterUuid);
    info->status = NVML_SUCCESS;
    info->cliqueId = 0;
    info->state = fabric_state(gpu);
    info->healthMask = 0;
    return NVML_SUCCESS;
}
