#include <stdio.h>

#include "nvml_internal.h"

NVML_API nvmlReturn_t nvmlGpuInstanceGetComputeInstanceProfileInfo(nvmlGpuInstance_t instance, unsigned number,
                                                                   unsigned engines,
                                                                   nvmlComputeInstanceProfileInfo_t *info);
NVML_API nvmlReturn_t nvmlGpuInstanceGetComputeInstanceProfileInfoV(nvmlGpuInstance_t instance, unsigned number,
                                                                    unsigned engines,
                                                                    nvmlComputeInstanceProfileInfo_v2_t *info);
NVML_API nvmlReturn_t nvmlGpuInstanceCreateComputeInstance(nvmlGpuInstance_t instance, unsigned id,
                                                           nvmlComputeInstance_t *created);
NVML_API nvmlReturn_t nvmlGpuInstanceGetComputeInstances(nvmlGpuInstance_t instance, unsigned id,
                                                         nvmlComputeInstance_t *found, unsigned *count);
NVML_API nvmlReturn_t nvmlComputeInstanceGetInfo_v2(nvmlComputeInstance_t compute, nvmlComputeInstanceInfo_t *info);
NVML_API nvmlReturn_t nvmlComputeInstanceDestroy(nvmlComputeInstance_t compute);

/* Everything that a call about a GPU instance looks at first. */
static nvmlReturn_t find_instance(nvmlGpuInstance_t handle, struct gpu **gpu, struct gpu_instance **instance,
                                  const struct profile **profile)
{
    if (handle == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    nvmlReturn_t result = enter_gpu(handle_of_gpu(handle->gpu), gpu);
    if (result != NVML_SUCCESS)
        return result;
    *instance = instance_find(*gpu, handle->gi);
    if (*instance == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    *profile = profile_by_id((*gpu)->model, (*instance)->profile_id);
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlGpuInstanceGetComputeInstanceProfileInfo(nvmlGpuInstance_t instance, unsigned number,
                                                          unsigned engines, nvmlComputeInstanceProfileInfo_t *info)
{
    struct gpu *gpu;
    struct gpu_instance *found;
    const struct profile *profile;
    nvmlReturn_t result = find_instance(instance, &gpu, &found, &profile);
    if (result != NVML_SUCCESS)
        return result;
    if (number >= NVML_COMPUTE_INSTANCE_PROFILE_COUNT || engines != 0)
        return NVML_ERROR_INVALID_ARGUMENT;
    unsigned slices = compute_profile_slices(profile, number);
    if (slices == 0)
        return NVML_ERROR_NOT_SUPPORTED;
    *info = (nvmlComputeInstanceProfileInfo_t){
        .id = number,
        .sliceCount = slices,
        .instanceCount = profile->slices / slices,
        .multiprocessorCount = compute_profile_sms(gpu->model, profile, slices),
        .sharedCopyEngineCount = profile->copy_engines,
        .sharedDecoderCount = profile->decoders,
        .sharedEncoderCount = profile->encoders,
        .sharedJpegCount = profile->jpeg,
        .sharedOfaCount = profile->ofa,
    };
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlGpuInstanceGetComputeInstanceProfileInfoV(nvmlGpuInstance_t instance, unsigned number,
                                                           unsigned engines,
                                                           nvmlComputeInstanceProfileInfo_v2_t *info)
{
    struct gpu *gpu;
    struct gpu_instance *found;
    const struct profile *profile;
    nvmlComputeInstanceProfileInfo_t plain;
    if (info->version != NVML_VERSION(nvmlComputeInstanceProfileInfo_v2_t, 2))
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    nvmlReturn_t result = nvmlGpuInstanceGetComputeInstanceProfileInfo(instance, number, engines, &plain);
    if (result != NVML_SUCCESS)
        return result;
    *info = (nvmlComputeInstanceProfileInfo_v2_t){
        .version = info->version,
        .id = plain.id,
        .sliceCount = plain.sliceCount,
        .instanceCount = plain.instanceCount,
        .multiprocessorCount = plain.multiprocessorCount,
        .sharedCopyEngineCount = plain.sharedCopyEngineCount,
        .sharedDecoderCount = plain.sharedDecoderCount,
        .sharedEncoderCount = plain.sharedEncoderCount,
        .sharedJpegCount = plain.sharedJpegCount,
        .sharedOfaCount = plain.sharedOfaCount,
    };
    result = find_instance(instance, &gpu, &found, &profile);
    if (result == NVML_SUCCESS)
        compute_name(info->name, sizeof info->name, profile, plain.sliceCount);
    return result;
}

nvmlReturn_t nvmlGpuInstanceCreateComputeInstance(nvmlGpuInstance_t handle, unsigned id,
                                                  nvmlComputeInstance_t *created)
{
    struct state *state;
    struct gpu *gpu;
    struct compute_instance *compute;
    if (handle == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    nvmlReturn_t result = enter_to_change(handle_of_gpu(handle->gpu), &state, &gpu);
    if (result != NVML_SUCCESS)
        return result;
    struct gpu_instance *instance = instance_find(gpu, handle->gi);
    if (instance == NULL)
        return leave(NVML_ERROR_INVALID_ARGUMENT);
    unsigned slices = compute_profile_slices(profile_by_id(gpu->model, instance->profile_id), id);
    if (slices == 0)
        return leave(NVML_ERROR_NOT_SUPPORTED);
    result = compute_create(gpu, instance, slices, &compute);
    if (result == NVML_SUCCESS)
        *created = handle_of_compute(gpu->index, instance->id, compute->id);
    return leave(result);
}

nvmlReturn_t nvmlGpuInstanceGetComputeInstances(nvmlGpuInstance_t handle, unsigned id, nvmlComputeInstance_t *found,
                                                unsigned *count)
{
    struct gpu *gpu;
    struct gpu_instance *instance;
    const struct profile *profile;
    nvmlReturn_t result = find_instance(handle, &gpu, &instance, &profile);
    if (result != NVML_SUCCESS)
        return result;
    unsigned slices = compute_profile_slices(profile, id);
    if (slices == 0)
        return NVML_ERROR_NOT_SUPPORTED;
    *count = 0;
    for (unsigned i = 0; i < instance->compute_count; i++)
        if (instance->compute[i].slices == slices && instance_is_visible(gpu, instance, &instance->compute[i]))
            found[(*count)++] = handle_of_compute(gpu->index, instance->id, instance->compute[i].id);
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlComputeInstanceGetInfo_v2(nvmlComputeInstance_t handle, nvmlComputeInstanceInfo_t *info)
{
    struct gpu *gpu;
    struct gpu_instance *instance;
    const struct profile *profile;
    if (handle == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    nvmlReturn_t result = find_instance(handle_of_instance(handle->gpu, handle->gi), &gpu, &instance, &profile);
    if (result != NVML_SUCCESS)
        return result;
    const struct compute_instance *compute = compute_find(instance, handle->ci);
    if (compute == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    *info = (nvmlComputeInstanceInfo_t){
        .device = handle_of_gpu(handle->gpu),
        .gpuInstance = handle_of_instance(handle->gpu, handle->gi),
        .id = compute->id,
        .profileId = compute_profile_number(compute->slices),
        .placement = {compute->start, compute->slices},
    };
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlComputeInstanceDestroy(nvmlComputeInstance_t handle)
{
    struct state *state;
    struct gpu *gpu;
    if (handle == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    nvmlReturn_t result = enter_to_change(handle_of_gpu(handle->gpu), &state, &gpu);
    if (result != NVML_SUCCESS)
        return result;
    struct gpu_instance *instance = instance_find(gpu, handle->gi);
    return leave(instance == NULL ? NVML_ERROR_INVALID_ARGUMENT : compute_destroy(gpu, instance, handle->ci));
}
