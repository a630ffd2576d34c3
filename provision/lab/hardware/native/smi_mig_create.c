#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "smi_mig.h"

/* Find a profile of a GPU by its id or its name, the latter with or without "MIG ". */
static nvmlReturn_t find_profile(nvmlDevice_t device, const char *wanted, nvmlGpuInstanceProfileInfo_v2_t *info)
{
    char *end;
    unsigned long id = strtoul(wanted, &end, 10);
    bool by_id = *end == '\0';
    if (strncmp(wanted, "MIG ", 4) == 0)
        wanted += 4;
    for (unsigned number = 0; number < NVML_GPU_INSTANCE_PROFILE_COUNT; number++) {
        *info = (nvmlGpuInstanceProfileInfo_v2_t){.version = NVML_VERSION(nvmlGpuInstanceProfileInfo_v2_t, 2)};
        if (nvml.nvmlDeviceGetGpuInstanceProfileInfoV(device, number, info) != NVML_SUCCESS)
            continue;
        if (by_id ? info->id == id : strcmp(info->name + 4, wanted) == 0)
            return NVML_SUCCESS;
    }
    return NVML_ERROR_INVALID_ARGUMENT;
}

static int compute_failed(nvmlReturn_t result, unsigned gpu, unsigned instance, const char *profile)
{
    printf("Unable to create a compute instance on GPU %2u GPU instance ID %2u using profile %s: %s\n", gpu, instance,
           profile, text_of(result));
    printf("Failed to create compute instances: %s\n", text_of(result));
    return result;
}

/* Create one compute instance and say so. */
static int create_compute(const struct target *target, nvmlGpuInstance_t instance, unsigned instance_id,
                          const nvmlComputeInstanceProfileInfo_v2_t *profile)
{
    nvmlComputeInstance_t created;
    nvmlComputeInstanceInfo_t info;
    char text[16];
    snprintf(text, sizeof text, "%u", profile->id);
    nvmlReturn_t result = nvml.nvmlGpuInstanceCreateComputeInstance(instance, profile->id, &created);
    if (result == NVML_SUCCESS)
        result = nvml.nvmlComputeInstanceGetInfo_v2(created, &info);
    if (result != NVML_SUCCESS)
        return compute_failed(result, target->index, instance_id, text);
    printf("Successfully created compute instance ID %2u on GPU %2u GPU instance ID %2u using profile %s (ID %2u)\n",
           info.id, target->index, instance_id, profile->name, profile->id);
    return 0;
}

/* The compute instance profile of that name. */
static bool find_compute_profile(nvmlGpuInstance_t instance, const char *wanted,
                                 nvmlComputeInstanceProfileInfo_v2_t *info)
{
    for (unsigned number = 0; number < NVML_COMPUTE_INSTANCE_PROFILE_COUNT; number++) {
        *info = (nvmlComputeInstanceProfileInfo_v2_t){.version = NVML_VERSION(nvmlComputeInstanceProfileInfo_v2_t, 2)};
        if (nvml.nvmlGpuInstanceGetComputeInstanceProfileInfoV(instance, number, 0, info) == NVML_SUCCESS &&
            strcmp(info->name, wanted) == 0)
            return true;
    }
    return false;
}

static int create_failed(nvmlReturn_t result, unsigned gpu, const char *profile)
{
    printf("Unable to create a GPU instance on GPU %2u using profile %s: %s\n", gpu, profile, text_of(result));
    printf("Failed to create GPU instances: %s\n", text_of(result));
    return result;
}

/* Create one GPU instance from an item such as `9`, `3g.20gb` or `9:4`. */
static int create_one(const struct target *target, char *item, bool with_compute)
{
    nvmlGpuInstanceProfileInfo_v2_t profile;
    nvmlComputeInstanceProfileInfo_v2_t compute;
    nvmlGpuInstance_t created;
    nvmlGpuInstanceInfo_t info;
    char *place = strchr(item, ':');
    if (place != NULL)
        *place++ = '\0';
    nvmlReturn_t result = find_profile(target->device, item, &profile);
    if (result != NVML_SUCCESS)
        return create_failed(result, target->index, item);
    if (place == NULL) {
        result = nvml.nvmlDeviceCreateGpuInstance(target->device, profile.id, &created);
    } else {
        nvmlPlacement_t places[MAX_FOUND];
        unsigned known = 0;
        nvml.nvmlDeviceGetGpuInstancePossiblePlacements_v2(target->device, profile.id, places, &known);
        nvmlPlacement_t wanted = {(unsigned)strtoul(place, NULL, 10), known == 0 ? 0 : places[0].size};
        result = nvml.nvmlDeviceCreateGpuInstanceWithPlacement(target->device, profile.id, &wanted, &created);
    }
    if (result == NVML_SUCCESS)
        result = nvml.nvmlGpuInstanceGetInfo(created, &info);
    if (result != NVML_SUCCESS)
        return create_failed(result, target->index, item);
    printf("Successfully created GPU instance ID %2u on GPU %2u using profile %s (ID %2u)\n", info.id, target->index,
           profile.name, profile.id);
    /* The compute instance that takes all of a GPU instance has its name. */
    if (!with_compute || !find_compute_profile(created, profile.name, &compute))
        return 0;
    return create_compute(target, created, info.id, &compute);
}

int mig_create(const struct target *targets, unsigned count, const struct mig_options *options)
{
    for (unsigned i = 0; i < count; i++) {
        char list[1024], *rest = NULL;
        snprintf(list, sizeof list, "%s", options->create);
        for (char *item = strtok_r(list, ",", &rest); item != NULL; item = strtok_r(NULL, ",", &rest)) {
            int failed = create_one(&targets[i], item, options->with_compute);
            if (failed != 0)
                return failed;
        }
    }
    return 0;
}

int mig_destroy(const struct target *targets, unsigned count)
{
    struct found_instance found[MAX_FOUND];
    unsigned total = instances_find(targets, count, found);
    if (total == 0)
        return none_found("GPU instances");
    for (unsigned i = 0; i < total; i++) {
        nvmlReturn_t result = nvml.nvmlGpuInstanceDestroy(found[i].handle);
        if (result != NVML_SUCCESS) {
            printf("Unable to destroy GPU instance ID %2u from GPU %2u: %s\n", found[i].info.id,
                   found[i].target->index, text_of(result));
            printf("Failed to destroy GPU instances: %s\n", text_of(result));
            return result;
        }
        printf("Successfully destroyed GPU instance ID %2u from GPU %2u\n", found[i].info.id, found[i].target->index);
    }
    return 0;
}

int mig_compute_destroy(const struct target *targets, unsigned count)
{
    struct found_instance instances[MAX_FOUND];
    struct found_compute found[MAX_FOUND];
    unsigned total = instances_find(targets, count, instances);
    total = computes_find(instances, total, found);
    if (total == 0)
        return none_found("compute instances");
    for (unsigned i = 0; i < total; i++) {
        unsigned gpu = found[i].parent->target->index, instance = found[i].parent->info.id;
        nvmlReturn_t result = nvml.nvmlComputeInstanceDestroy(found[i].handle);
        if (result != NVML_SUCCESS) {
            printf("Unable to destroy compute instance ID %2u from GPU %2u GPU instance ID %2u: %s\n", found[i].info.id,
                   gpu, instance, text_of(result));
            printf("Failed to destroy compute instances: %s\n", text_of(result));
            return result;
        }
        printf("Successfully destroyed compute instance ID %2u from GPU %2u GPU instance ID %2u\n", found[i].info.id,
               gpu, instance);
    }
    return 0;
}
