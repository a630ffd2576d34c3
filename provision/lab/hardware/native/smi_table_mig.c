#include <stdio.h>

#include "smi.h"

#define MIB 1048576ull

static const char rule[] =
    "+------------------+----------------------------------+-----------+-----------------------+\n";

static void print_device(unsigned gpu, unsigned index, nvmlDevice_t device)
{
    unsigned gi = 0, ci = 0;
    nvmlDeviceAttributes_t has = {0};
    nvmlMemory_v2_t memory = {.version = NVML_VERSION(nvmlMemory_v2_t, 2)};
    nvmlBAR1Memory_t bar = {0};
    nvml.nvmlDeviceGetGpuInstanceId(device, &gi);
    nvml.nvmlDeviceGetComputeInstanceId(device, &ci);
    nvml.nvmlDeviceGetAttributes_v2(device, &has);
    nvml.nvmlDeviceGetMemoryInfo_v2(device, &memory);
    nvml.nvmlDeviceGetBAR1MemoryInfo(device, &bar);
    printf("| %2u  %3u  %2u  %2u  |%16lluMiB / %5lluMiB    | %2u      0 | %2u %3u %4u %4u %4u |\n", gpu, gi, ci, index,
           memory.used / MIB, memory.total / MIB, has.multiprocessorCount, has.sharedCopyEngineCount,
           has.sharedEncoderCount, has.sharedDecoderCount, has.sharedOfaCount, has.sharedJpegCount);
    printf("|                  |%18lluMiB / %5lluMiB  |           |                       |\n", bar.bar1Used / MIB,
           bar.bar1Total / MIB);
    printf("%s", rule);
}

static bool any_enabled(const struct target *targets, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        unsigned current = 0, pending = 0;
        if (nvml.nvmlDeviceGetMigMode(targets[i].device, &current, &pending) == NVML_SUCCESS && current != 0)
            return true;
    }
    return false;
}

void table_of_mig_devices(const struct target *targets, unsigned count)
{
    unsigned found = 0;
    if (!any_enabled(targets, count))
        return;
    printf("+-----------------------------------------------------------------------------------------+\n");
    printf("| MIG devices:                                                                            |\n");
    printf("%s", rule);
    printf("| GPU  GI  CI  MIG |                     Memory-Usage |        Vol|      Shared           |\n");
    printf("|      ID  ID  Dev |                       BAR1-Usage | SM     Unc| CE ENC DEC OFA JPG    |\n");
    printf("|                  |                                  |        ECC|                       |\n");
    printf("|==================+==================================+===========+=======================|\n");
    for (unsigned i = 0; i < count; i++) {
        nvmlDevice_t device;
        for (unsigned j = 0; j < SMI_MAX_MIG; j++)
            if (nvml.nvmlDeviceGetMigDeviceHandleByIndex(targets[i].device, j, &device) == NVML_SUCCESS) {
                print_device(targets[i].index, j, device);
                found++;
            }
    }
    if (found == 0) {
        printf("|  No MIG devices found                                                                   |\n");
        printf("+-----------------------------------------------------------------------------------------+\n");
    }
    printf("%*s\n", 89, "");
}
