#include <stdio.h>
#include <string.h>

#include "smi_mig.h"

#define MIB_PER_GIB 1024.0

static bool profile_info(nvmlDevice_t device, unsigned number, nvmlGpuInstanceProfileInfo_v2_t *info)
{
    memset(info, 0, sizeof *info);
    info->version = NVML_VERSION(nvmlGpuInstanceProfileInfo_v2_t, 2);
    return nvml.nvmlDeviceGetGpuInstanceProfileInfoV(device, number, info) == NVML_SUCCESS;
}

/* NVML's numbers of the profiles in the order in which they are printed: by compute slices, then by size. */
static unsigned sorted_profiles(nvmlDevice_t device, nvmlGpuInstanceProfileInfo_v2_t *infos)
{
    unsigned count = 0;
    for (unsigned number = 0; number < NVML_GPU_INSTANCE_PROFILE_COUNT; number++) {
        nvmlGpuInstanceProfileInfo_v2_t info;
        if (!profile_info(device, number, &info))
            continue;
        unsigned at = count++;
        while (at > 0 && (infos[at - 1].sliceCount > info.sliceCount ||
                          (infos[at - 1].sliceCount == info.sliceCount && infos[at - 1].memorySizeMB > info.memorySizeMB))) {
            infos[at] = infos[at - 1];
            at--;
        }
        infos[at] = info;
    }
    return count;
}

unsigned instances_find(const struct target *targets, unsigned count, struct found_instance *found)
{
    unsigned total = 0;
    for (unsigned i = 0; i < count; i++) {
        nvmlGpuInstanceProfileInfo_v2_t infos[NVML_GPU_INSTANCE_PROFILE_COUNT];
        unsigned profiles = sorted_profiles(targets[i].device, infos);
        for (unsigned j = 0; j < profiles; j++) {
            nvmlGpuInstance_t handles[MAX_FOUND];
            unsigned known = 0;
            nvml.nvmlDeviceGetGpuInstances(targets[i].device, infos[j].id, handles, &known);
            for (unsigned k = 0; k < known && total < MAX_FOUND; k++) {
                struct found_instance *one = &found[total];
                *one = (struct found_instance){.target = &targets[i], .handle = handles[k]};
                strcpy(one->name, infos[j].name);
                total += nvml.nvmlGpuInstanceGetInfo(handles[k], &one->info) == NVML_SUCCESS;
            }
        }
    }
    return total;
}

unsigned computes_find(const struct found_instance *instances, unsigned count,
                       struct found_compute *found)
{
    unsigned total = 0;
    for (unsigned i = 0; i < count; i++)
        for (unsigned number = 0; number < NVML_COMPUTE_INSTANCE_PROFILE_COUNT; number++) {
            nvmlComputeInstanceProfileInfo_v2_t profile = {
                .version = NVML_VERSION(nvmlComputeInstanceProfileInfo_v2_t, 2)};
            nvmlComputeInstance_t handles[MAX_FOUND];
            unsigned known = 0;
            if (nvml.nvmlGpuInstanceGetComputeInstanceProfileInfoV(instances[i].handle, number, 0, &profile) !=
                NVML_SUCCESS)
                continue;
            nvml.nvmlGpuInstanceGetComputeInstances(instances[i].handle, profile.id, handles, &known);
            for (unsigned j = 0; j < known && total < MAX_FOUND; j++) {
                struct found_compute *one = &found[total];
                *one = (struct found_compute){.parent = &instances[i], .handle = handles[j]};
                strcpy(one->name, profile.name);
                total += nvml.nvmlComputeInstanceGetInfo_v2(handles[j], &one->info) == NVML_SUCCESS;
            }
        }
    return total;
}

/* Tell apart a GPU that cannot do MIG from one that can. */
static bool any_supported(const struct target *targets, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        unsigned current = 0, pending = 0;
        if (nvml.nvmlDeviceGetMigMode(targets[i].device, &current, &pending) == NVML_SUCCESS)
            return true;
    }
    printf("No MIG-supported devices found.\n");
    return false;
}

static void profile_row(const struct target *target, const nvmlGpuInstanceProfileInfo_v2_t *info, unsigned left)
{
    char room[16], memory[16];
    snprintf(room, sizeof room, "%u/%u", left, info->instanceCount);
    snprintf(memory, sizeof memory, "%.2f", (double)info->memorySizeMB / MIB_PER_GIB);
    printf("|%4u  %-18s  %2u%8s        %-11s%-3s    %-7u%u     %u   |\n", target->index, info->name, info->id, room, memory,
           info->isP2pSupported ? "Yes" : "No", info->multiprocessorCount, info->decoderCount, info->encoderCount);
    printf("|%64u%6u%6u   |\n", info->copyEngineCount, info->jpegCount, info->ofaCount);
    printf("+-------------------------------------------------------------------------------+\n");
}

int mig_profiles(const struct target *targets, unsigned count)
{
    if (!any_supported(targets, count))
        return NVML_ERROR_NOT_FOUND;
    bool headed = false;
    for (unsigned i = 0; i < count; i++) {
        nvmlGpuInstanceProfileInfo_v2_t infos[NVML_GPU_INSTANCE_PROFILE_COUNT];
        unsigned known = sorted_profiles(targets[i].device, infos);
        for (unsigned j = 0; j < known; j++) {
            unsigned left;
            nvmlReturn_t result =
                nvml.nvmlDeviceGetGpuInstanceRemainingCapacity(targets[i].device, infos[j].id, &left);
            if (result != NVML_SUCCESS) {
                printf("Failed to display GPU instance profiles: %s\n", text_of(result));
                return result;
            }
            if (!headed)
                printf("+-------------------------------------------------------------------------------+\n"
                       "| GPU instance profiles:                                                        |\n"
                       "| GPU   Name               ID    Instances   Memory     P2P    SM    DEC   ENC  |\n"
                       "|                                Free/Total   GiB              CE    JPEG  OFA  |\n"
                       "|===============================================================================|\n");
            headed = true;
            profile_row(&targets[i], &infos[j], left);
        }
    }
    return 0;
}

int mig_placements(const struct target *targets, unsigned count)
{
    if (!any_supported(targets, count))
        return NVML_ERROR_NOT_FOUND;
    for (unsigned i = 0; i < count; i++) {
        nvmlGpuInstanceProfileInfo_v2_t infos[NVML_GPU_INSTANCE_PROFILE_COUNT];
        unsigned known = sorted_profiles(targets[i].device, infos);
        for (unsigned j = 0; j < known; j++) {
            nvmlPlacement_t places[MAX_FOUND];
            unsigned found = 0;
            if (nvml.nvmlDeviceGetGpuInstancePossiblePlacements_v2(targets[i].device, infos[j].id, places, &found) !=
                    NVML_SUCCESS ||
                found == 0)
                continue;
            printf("GPU %2u Profile ID %2u Placement%s: {", targets[i].index, infos[j].id, found == 1 ? " " : "s");
            for (unsigned k = 0; k < found; k++)
                printf("%s%u", k == 0 ? "" : ",", places[k].start);
            printf("}:%u\n", places[0].size);
        }
    }
    return 0;
}

int mig_list(const struct target *targets, unsigned count)
{
    struct found_instance found[MAX_FOUND];
    unsigned total = instances_find(targets, count, found);
    if (total == 0)
        return none_found("GPU instances");
    printf("+-------------------------------------------------------+\n"
           "| GPU instances:                                        |\n"
           "| GPU   Name             Profile  Instance   Placement  |\n"
           "|                          ID       ID       Start:Size |\n"
           "|=======================================================|\n");
    for (unsigned i = 0; i < total; i++) {
        printf("|%4u  %-18s  %2u%9u%11u:%-6u|\n", found[i].target->index, found[i].name, found[i].info.profileId,
               found[i].info.id, found[i].info.placement.start, found[i].info.placement.size);
        printf("+-------------------------------------------------------+\n");
    }
    return 0;
}

int mig_compute_list(const struct target *targets, unsigned count)
{
    struct found_instance instances[MAX_FOUND];
    struct found_compute found[MAX_FOUND];
    unsigned total = instances_find(targets, count, instances);
    total = computes_find(instances, total, found);
    if (total == 0)
        return none_found("compute instances");
    printf("+--------------------------------------------------------------------+\n"
           "| Compute instances:                                                 |\n"
           "| GPU     GPU       Name             Profile   Instance   Placement  |\n"
           "|       Instance                       ID        ID       Start:Size |\n"
           "|         ID                                                         |\n"
           "|====================================================================|\n");
    for (unsigned i = 0; i < total; i++) {
        printf("|%4u%7u       %-18s  %2u%10u%11u:%-6u|\n", found[i].parent->target->index, found[i].parent->info.id,
               found[i].name, found[i].info.profileId, found[i].info.id, found[i].info.placement.start,
               found[i].info.placement.size);
        printf("+--------------------------------------------------------------------+\n");
    }
    return 0;
}
