#include <stdio.h>
#include <stdlib.h>

#include "nvml_internal.h"
#include "version.h"

#define FIRST_BRANCH_WITHOUT_MODE 550 /* whose profiles can be read before MIG is switched on */

NVML_API nvmlReturn_t nvmlDeviceGetGpuInstanceProfileInfo(nvmlDevice_t device, unsigned number,
                                                          nvmlGpuInstanceProfileInfo_t *info);
NVML_API nvmlReturn_t nvmlDeviceGetGpuInstanceProfileInfoV(nvmlDevice_t device, unsigned number,
                                                           nvmlGpuInstanceProfileInfo_v2_t *info);
NVML_API nvmlReturn_t nvmlDeviceGetGpuInstancePossiblePlacements(nvmlDevice_t device, unsigned id,
                                                                 nvmlPlacement_t *placements, unsigned *count);
NVML_API nvmlReturn_t nvmlDeviceGetGpuInstancePossiblePlacements_v2(nvmlDevice_t device, unsigned id,
                                                                    nvmlPlacement_t *placements, unsigned *count);
NVML_API nvmlReturn_t nvmlDeviceGetGpuInstanceRemainingCapacity(nvmlDevice_t device, unsigned id, unsigned *count);
NVML_API nvmlReturn_t nvmlDeviceCreateGpuInstance(nvmlDevice_t device, unsigned id, nvmlGpuInstance_t *instance);
NVML_API nvmlReturn_t nvmlDeviceCreateGpuInstanceWithPlacement(nvmlDevice_t device, unsigned id,
                                                               const nvmlPlacement_t *placement,
                                                               nvmlGpuInstance_t *instance);
NVML_API nvmlReturn_t nvmlDeviceGetGpuInstances(nvmlDevice_t device, unsigned id, nvmlGpuInstance_t *instances,
                                                unsigned *count);
NVML_API nvmlReturn_t nvmlGpuInstanceGetInfo(nvmlGpuInstance_t instance, nvmlGpuInstanceInfo_t *info);
NVML_API nvmlReturn_t nvmlGpuInstanceDestroy(nvmlGpuInstance_t instance);

/* Check that the GPU can do MIG, and that it is on where that is asked for. */
static nvmlReturn_t enter_mig(nvmlDevice_t device, struct gpu **gpu, bool on)
{
    nvmlReturn_t result = enter_gpu(device, gpu);
    if (result != NVML_SUCCESS)
        return result;
    return (*gpu)->model->mig_slices == 0 || (on && !(*gpu)->mig) ? NVML_ERROR_NOT_SUPPORTED : NVML_SUCCESS;
}

static bool tables_need_mode(void)
{
    return strtol(driver_version, NULL, 10) < FIRST_BRANCH_WITHOUT_MODE;
}

static nvmlReturn_t find_profile(nvmlDevice_t device, unsigned number, const struct profile **profile)
{
    struct gpu *gpu;
    nvmlReturn_t result = enter_mig(device, &gpu, tables_need_mode());
    if (result != NVML_SUCCESS)
        return result;
    if (number >= NVML_GPU_INSTANCE_PROFILE_COUNT)
        return NVML_ERROR_INVALID_ARGUMENT;
    *profile = profile_by_number(gpu->model, number);
    return *profile == NULL ? NVML_ERROR_NOT_SUPPORTED : NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetGpuInstanceProfileInfo(nvmlDevice_t device, unsigned number,
                                                 nvmlGpuInstanceProfileInfo_t *info)
{
    const struct profile *profile;
    nvmlReturn_t result = find_profile(device, number, &profile);
    if (result != NVML_SUCCESS)
        return result;
    *info = (nvmlGpuInstanceProfileInfo_t){
        .id = profile->id,
        .sliceCount = profile->slices,
        .instanceCount = profile->count,
        .multiprocessorCount = profile->multiprocessors,
        .copyEngineCount = profile->copy_engines,
        .decoderCount = profile->decoders,
        .encoderCount = profile->encoders,
        .jpegCount = profile->jpeg,
        .ofaCount = profile->ofa,
        .memorySizeMB = profile->memory,
    };
    return NVML_SUCCESS;
}

static void fill_v3(nvmlGpuInstanceProfileInfo_v3_t *info, const struct profile *profile)
{
    *info = (nvmlGpuInstanceProfileInfo_v3_t){
        .version = info->version,
        .id = profile->id,
        .sliceCount = profile->slices,
        .instanceCount = profile->count,
        .multiprocessorCount = profile->multiprocessors,
        .copyEngineCount = profile->copy_engines,
        .decoderCount = profile->decoders,
        .encoderCount = profile->encoders,
        .jpegCount = profile->jpeg,
        .ofaCount = profile->ofa,
        .memorySizeMB = profile->memory,
    };
    snprintf(info->name, sizeof info->name, "MIG %s", profile->name);
}

/* Fill in the structure that its version word announces. */
static nvmlReturn_t fill_versioned(nvmlGpuInstanceProfileInfo_v2_t *info, const struct profile *profile)
{
    if (info->version == NVML_VERSION(nvmlGpuInstanceProfileInfo_v3_t, 3)) {
        fill_v3((nvmlGpuInstanceProfileInfo_v3_t *)info, profile);
        return NVML_SUCCESS;
    }
    if (info->version != NVML_VERSION(nvmlGpuInstanceProfileInfo_v2_t, 2))
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    *info = (nvmlGpuInstanceProfileInfo_v2_t){
        .version = info->version,
        .id = profile->id,
        .sliceCount = profile->slices,
        .instanceCount = profile->count,
        .multiprocessorCount = profile->multiprocessors,
        .copyEngineCount = profile->copy_engines,
        .decoderCount = profile->decoders,
        .encoderCount = profile->encoders,
        .jpegCount = profile->jpeg,
        .ofaCount = profile->ofa,
        .memorySizeMB = profile->memory,
    };
    snprintf(info->name, sizeof info->name, "MIG %s", profile->name);
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetGpuInstanceProfileInfoV(nvmlDevice_t device, unsigned number,
                                                  nvmlGpuInstanceProfileInfo_v2_t *info)
{
    const struct profile *profile;
    nvmlReturn_t result = find_profile(device, number, &profile);
    return result == NVML_SUCCESS ? fill_versioned(info, profile) : result;
}

nvmlReturn_t nvmlDeviceGetGpuInstancePossiblePlacements_v2(nvmlDevice_t device, unsigned id,
                                                           nvmlPlacement_t *placements, unsigned *count)
{
    struct gpu *gpu;
    nvmlReturn_t result = enter_mig(device, &gpu, tables_need_mode());
    if (result != NVML_SUCCESS)
        return result;
    const struct profile *profile = profile_by_id(gpu->model, id);
    if (profile == NULL)
        return NVML_ERROR_NOT_SUPPORTED;
    for (unsigned i = 0; placements != NULL && i < profile->start_count; i++)
        placements[i] = (nvmlPlacement_t){profile->starts[i], profile->size};
    *count = profile->start_count;
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetGpuInstancePossiblePlacements(nvmlDevice_t device, unsigned id, nvmlPlacement_t *placements,
                                                        unsigned *count)
{
    return nvmlDeviceGetGpuInstancePossiblePlacements_v2(device, id, placements, count);
}

nvmlReturn_t nvmlDeviceGetGpuInstanceRemainingCapacity(nvmlDevice_t device, unsigned id, unsigned *count)
{
    struct gpu *gpu;
    nvmlReturn_t result = enter_mig(device, &gpu, tables_need_mode());
    if (result != NVML_SUCCESS)
        return result;
    const struct profile *profile = profile_by_id(gpu->model, id);
    if (profile == NULL)
        return NVML_ERROR_NOT_SUPPORTED;
    *count = remaining_capacity(gpu, profile);
    return NVML_SUCCESS;
}

static nvmlReturn_t create(nvmlDevice_t device, unsigned id, const unsigned *start, const unsigned *size,
                           nvmlGpuInstance_t *instance)
{
    struct state *state;
    struct gpu *gpu;
    struct gpu_instance *created;
    nvmlReturn_t result = enter_to_change(device, &state, &gpu);
    if (result != NVML_SUCCESS)
        return result;
    if (!gpu->mig)
        return leave(NVML_ERROR_NOT_SUPPORTED);
    const struct profile *profile = profile_by_id(gpu->model, id);
    if (profile == NULL)
        return leave(NVML_ERROR_NOT_SUPPORTED);
    if (size != NULL && *size != profile->size)
        return leave(NVML_ERROR_INVALID_ARGUMENT);
    result = instance_create(gpu, profile, start, &created);
    if (result == NVML_SUCCESS)
        *instance = handle_of_instance(gpu->index, created->id);
    return leave(result);
}

nvmlReturn_t nvmlDeviceCreateGpuInstance(nvmlDevice_t device, unsigned id, nvmlGpuInstance_t *instance)
{
    return create(device, id, NULL, NULL, instance);
}

nvmlReturn_t nvmlDeviceCreateGpuInstanceWithPlacement(nvmlDevice_t device, unsigned id,
                                                      const nvmlPlacement_t *placement, nvmlGpuInstance_t *instance)
{
    if (placement == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    return create(device, id, &placement->start, &placement->size, instance);
}

nvmlReturn_t nvmlDeviceGetGpuInstances(nvmlDevice_t device, unsigned id, nvmlGpuInstance_t *instances,
                                       unsigned *count)
{
    struct gpu *gpu;
    nvmlReturn_t result = enter_mig(device, &gpu, true);
    if (result != NVML_SUCCESS)
        return result;
    if (profile_by_id(gpu->model, id) == NULL)
        return NVML_ERROR_NOT_SUPPORTED;
    *count = 0;
    for (unsigned i = 0; i < gpu->instance_count; i++)
        if (gpu->instances[i].profile_id == id && instance_is_visible(gpu, &gpu->instances[i], NULL))
            instances[(*count)++] = handle_of_instance(gpu->index, gpu->instances[i].id);
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlGpuInstanceGetInfo(nvmlGpuInstance_t instance, nvmlGpuInstanceInfo_t *info)
{
    struct gpu *gpu;
    if (instance == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    nvmlReturn_t result = enter_gpu(handle_of_gpu(instance->gpu), &gpu);
    if (result != NVML_SUCCESS)
        return result;
    const struct gpu_instance *found = instance_find(gpu, instance->gi);
    if (found == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    *info = (nvmlGpuInstanceInfo_t){
        .device = handle_of_gpu(instance->gpu),
        .id = found->id,
        .profileId = found->profile_id,
        .placement = {found->start, profile_by_id(gpu->model, found->profile_id)->size},
    };
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlGpuInstanceDestroy(nvmlGpuInstance_t instance)
{
    struct state *state;
    struct gpu *gpu;
    if (instance == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    nvmlReturn_t result = enter_to_change(handle_of_gpu(instance->gpu), &state, &gpu);
    if (result != NVML_SUCCESS)
        return result;
    return leave(instance_destroy(gpu, instance->gi));
}
