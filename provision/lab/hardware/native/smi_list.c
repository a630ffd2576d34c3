#include <stdio.h>
#include <string.h>

#include "smi.h"

/* A MIG device's own name: its GPU's name stands before it. */
static void print_mig_devices(nvmlDevice_t device, const char *gpu_name)
{
    unsigned most = 0;
    nvml.nvmlDeviceGetMaxMigDeviceCount(device, &most);
    for (unsigned i = 0; i < most; i++) {
        nvmlDevice_t mig;
        char name[160] = "", uuid[96] = "";
        if (nvml.nvmlDeviceGetMigDeviceHandleByIndex(device, i, &mig) != NVML_SUCCESS)
            continue;
        nvml.nvmlDeviceGetName(mig, name, sizeof name);
        nvml.nvmlDeviceGetUUID(mig, uuid, sizeof uuid);
        size_t prefix = strlen(gpu_name);
        const char *own = strncmp(name, gpu_name, prefix) == 0 && name[prefix] == ' ' ? name + prefix + 1 : name;
        printf("  %-15s Device %2u: (UUID: %s)\n", own, i, uuid);
    }
}

int command_list(void)
{
    unsigned count = 0;
    nvml.nvmlDeviceGetCount_v2(&count);
    for (unsigned i = 0; i < count; i++) {
        nvmlDevice_t device;
        char name[96] = "", uuid[96] = "";
        nvmlReturn_t result = nvml.nvmlDeviceGetHandleByIndex_v2(i, &device);
        if (result != NVML_SUCCESS) {
            printf("Unable to determine the device handle for gpu %u: %s.  Reboot the system to recover this GPU\n\n\n",
                   i, text_of(result));
            return result;
        }
        nvml.nvmlDeviceGetName(device, name, sizeof name);
        nvml.nvmlDeviceGetUUID(device, uuid, sizeof uuid);
        printf("GPU %u: %s (UUID: %s)\n", i, name, uuid);
        print_mig_devices(device, name);
    }
    if (count == 0)
        printf("No devices found.\n");
    return 0;
}
