#include <stdio.h>
#include <string.h>

#include "smi.h"

static bool is_on(const char *value)
{
    return strcmp(value, "1") == 0 || strcmp(value, "ENABLED") == 0;
}

static int terminate(nvmlReturn_t result)
{
    printf("Terminating early due to previous errors.\n");
    return result;
}

/* Switch one GPU's MIG mode. Returns an exit code that ends the command, or 0. */
static int set_mig(const struct target *target, bool on)
{
    const char *verb = on ? "enable" : "disable";
    nvmlReturn_t activation = NVML_SUCCESS;
    nvmlReturn_t result = nvml.nvmlDeviceSetMigMode(target->device, on, &activation);
    if (result == NVML_ERROR_NOT_SUPPORTED) {
        printf("Unable to %s MIG Mode for GPU %s: %s\nTreating as warning and moving on.\n", verb, target->bus,
               text_of(result));
        return 0;
    }
    if (result != NVML_SUCCESS) {
        printf("Unable to %s MIG Mode for GPU %s: %s\n", verb, target->bus, text_of(result));
        return terminate(result);
    }
    if (activation == NVML_SUCCESS) {
        printf("%sd MIG Mode for GPU %s\n", on ? "Enable" : "Disable", target->bus);
        return 0;
    }
    printf("Warning: MIG mode is in pending %s state for GPU %s:%s\n", verb, target->bus, text_of(activation));
    if (activation == NVML_ERROR_IN_USE)
        printf("%s is currently being used by one or more other processes (e.g. CUDA application or a monitoring "
               "application such as another instance of nvidia-smi). Please first kill all processes using the device "
               "and retry the command or reboot the system to make MIG mode effective.\n",
               target->bus);
    else
        printf("Reboot the system or try nvidia-smi --gpu-reset to make MIG mode effective on GPU %s\n", target->bus);
    return 0;
}

static int set_persistence(const struct target *target, bool on)
{
    unsigned mode = 0;
    nvml.nvmlDeviceGetPersistenceMode(target->device, &mode);
    if (mode == (unsigned)on) {
        printf("Persistence mode is already %s for GPU %s.\n", on ? "Enabled" : "Disabled", target->bus);
        return 0;
    }
    nvmlReturn_t result = nvml.nvmlDeviceSetPersistenceMode(target->device, on);
    if (result != NVML_SUCCESS) {
        printf("Unable to set persistence mode for GPU %s: %s\n", target->bus, text_of(result));
        return terminate(result);
    }
    printf("%s persistence mode for GPU %s.\n", on ? "Enabled" : "Disabled", target->bus);
    return 0;
}

int command_switches(const struct options *options)
{
    struct target targets[SMI_MAX_GPUS];
    unsigned count;
    int failed = targets_find(options->ids, targets, &count);
    for (unsigned i = 0; failed == 0 && i < count; i++) {
        if (options->persistence != NULL)
            failed = set_persistence(&targets[i], is_on(options->persistence));
        if (failed == 0 && options->mig != NULL)
            failed = set_mig(&targets[i], is_on(options->mig));
    }
    if (failed == 0)
        printf("All done.\n");
    return failed;
}
