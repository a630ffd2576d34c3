#include "nvml_internal.h"

NVML_API nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned *current, unsigned *pending);
NVML_API nvmlReturn_t nvmlDeviceSetMigMode(nvmlDevice_t device, unsigned mode, nvmlReturn_t *activation);

nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned *current, unsigned *pending)
{
    struct gpu *gpu;
    nvmlReturn_t result = enter_gpu(device, &gpu);
    if (result != NVML_SUCCESS)
        return result;
    if (gpu->model->mig_slices == 0)
        return NVML_ERROR_NOT_SUPPORTED;
    *current = gpu->mig;
    *pending = gpu->pending;
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceSetMigMode(nvmlDevice_t device, unsigned mode, nvmlReturn_t *activation)
{
    struct state *state;
    struct gpu *gpu;
    if (mode > 1 || activation == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    nvmlReturn_t result = enter_to_change(device, &state, &gpu);
    if (result != NVML_SUCCESS)
        return result;
    return leave(mode_set(state, gpu, mode != 0, activation));
}
