#include "nvml_internal.h"

NVML_API nvmlReturn_t nvmlDeviceIsMigDeviceHandle(nvmlDevice_t device, unsigned *is_mig);
NVML_API nvmlReturn_t nvmlDeviceGetMaxMigDeviceCount(nvmlDevice_t device, unsigned *count);
NVML_API nvmlReturn_t nvmlDeviceGetMigDeviceHandleByIndex(nvmlDevice_t device, unsigned index, nvmlDevice_t *mig);
NVML_API nvmlReturn_t nvmlDeviceGetDeviceHandleFromMigDeviceHandle(nvmlDevice_t mig, nvmlDevice_t *device);
NVML_API nvmlReturn_t nvmlDeviceGetGpuInstanceId(nvmlDevice_t device, unsigned *id);
NVML_API nvmlReturn_t nvmlDeviceGetComputeInstanceId(nvmlDevice_t device, unsigned *id);
NVML_API nvmlReturn_t nvmlDeviceGetAttributes(nvmlDevice_t device, nvmlDeviceAttributes_t *attributes);
NVML_API nvmlReturn_t nvmlDeviceGetAttributes_v2(nvmlDevice_t device, nvmlDeviceAttributes_t *attributes);

nvmlReturn_t nvmlDeviceIsMigDeviceHandle(nvmlDevice_t device, unsigned *is_mig)
{
    struct state *state;
    nvmlReturn_t result = enter(&state);
    if (result != NVML_SUCCESS)
        return result;
    if (device == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    *is_mig = device->mig;
    return NVML_SUCCESS;
}

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

nvmlReturn_t nvmlDeviceGetDeviceHandleFromMigDeviceHandle(nvmlDevice_t mig, nvmlDevice_t *device)
{
    struct state *state;
    nvmlReturn_t result = enter(&state);
    if (result != NVML_SUCCESS)
        return result;
    if (mig == NULL || !mig->mig)
        return NVML_ERROR_INVALID_ARGUMENT;
    *device = handle_of_gpu(mig->gpu);
    return NVML_SUCCESS;
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

nvmlReturn_t nvmlDeviceGetAttributes_v2(nvmlDevice_t device, nvmlDeviceAttributes_t *attributes)
{
    struct gpu *gpu;
    struct gpu_instance *instance;
    struct compute_instance *compute;
    nvmlReturn_t result = enter_mig_device(device, &gpu, &instance, &compute);
    if (result != NVML_SUCCESS)
        return result;
    const struct profile *profile = profile_by_id(gpu->model, instance->profile_id);
    *attributes = (nvmlDeviceAttributes_t){
        .multiprocessorCount = compute_profile_sms(gpu->model, profile, compute->slices),
        .sharedCopyEngineCount = profile->copy_engines,
        .sharedDecoderCount = profile->decoders,
        .sharedEncoderCount = profile->encoders,
        .sharedJpegCount = profile->jpeg,
        .sharedOfaCount = profile->ofa,
        .gpuInstanceSliceCount = profile->slices,
        .computeInstanceSliceCount = compute->slices,
        .memorySizeMB = profile->memory,
    };
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetAttributes(nvmlDevice_t device, nvmlDeviceAttributes_t *attributes)
{
    return nvmlDeviceGetAttributes_v2(device, attributes);
}
