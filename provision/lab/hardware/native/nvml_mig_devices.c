#include "nvml_internal.h"

NVML_API nvmlReturn_t nvmlDeviceGetMaxMigDeviceCount(nvmlDevice_t device, unsigned *count);
NVML_API nvmlReturn_t nvmlDeviceGetMigDeviceHandleByIndex(nvmlDevice_t device, unsigned index, nvmlDevice_t *mig);
NVML_API nvmlReturn_t nvmlDeviceGetGpuInstanceId(nvmlDevice_t device, unsigned *id);
NVML_API nvmlReturn_t nvmlDeviceGetComputeInstanceId(nvmlDevice_t device, unsigned *id);

nvmlReturn_t nvmlDeviceGetMaxMigDeviceCount(nvmlDevice_t device, unsigned *count)
{
    struct gpu *gpu;
    nvmlReturn_t result = enter_gpu(device, &gpu);
    if (result != NVML_SUCCESS)
        return result;
    *count = gpu->model->mig_slices == 0 ? 0 : profile_of_all(gpu->model)->slices;
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetMigDeviceHandleByIndex(nvmlDevice_t device, unsigned index, nvmlDevice_t *mig)
{
    struct gpu *gpu;
    nvmlReturn_t result = enter_gpu(device, &gpu);
    if (result != NVML_SUCCESS)
        return result;
    if (gpu->model->mig_slices == 0)
        return NVML_ERROR_NOT_SUPPORTED;
    for (unsigned i = 0; i < gpu->instance_count; i++) {
        const struct gpu_instance *instance = &gpu->instances[i];
        for (unsigned j = 0; j < instance->compute_count; j++) {
            if (!instance_is_visible(gpu, instance, &instance->compute[j]) || index-- != 0)
                continue;
            *mig = handle_of_mig_device(gpu->index, instance->id, instance->compute[j].id);
            return NVML_SUCCESS;
        }
    }
    return NVML_ERROR_NOT_FOUND;
}

/* Find the instances of a MIG device's handle; a whole GPU has none. */
static nvmlReturn_t enter_mig_device(nvmlDevice_t device, struct gpu **gpu, struct gpu_instance **instance,
                                     struct compute_instance **compute)
{
    nvmlReturn_t result = enter_device(device, gpu, instance, compute);
    if (result == NVML_SUCCESS && *compute == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    return result;
}

nvmlReturn_t nvmlDeviceGetGpuInstanceId(nvmlDevice_t device, unsigned *id)
{
    struct gpu *gpu;
    struct gpu_instance *instance;
    struct compute_instance *compute;
    nvmlReturn_t result = enter_mig_device(device, &gpu, &instance, &compute);
    if (result == NVML_SUCCESS)
        *id = instance->id;
    return result;
}

nvmlReturn_t nvmlDeviceGetComputeInstanceId(nvmlDevice_t device, unsigned *id)
{
    struct gpu *gpu;
    struct gpu_instance *instance;
    struct compute_instance *compute;
    nvmlReturn_t result = enter_mig_device(device, &gpu, &instance, &compute);
    if (result == NVML_SUCCESS)
        *id = compute->id;
    return result;
}
