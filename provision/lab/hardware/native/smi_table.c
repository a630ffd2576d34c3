/* The table that nvidia-smi prints when it is given nothing to do: its GPUs, not what runs on them. */

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "smi.h"
#include "version.h"

#define MIB 1048576ull
#define NAME_WIDTH 26

static const char rule[] =
    "+-----------------------------------------+------------------------+----------------------+\n";

static void print_header(void)
{
    char now[64], driver[80] = "N/A", cuda[32];
    int number = 0;
    time_t seconds = time(NULL);
    struct tm local;
    localtime_r(&seconds, &local);
    strftime(now, sizeof now, "%a %b %e %H:%M:%S %Y", &local);
    nvml.nvmlSystemGetDriverVersion(driver, sizeof driver);
    nvml.nvmlSystemGetCudaDriverVersion_v2(&number);
    snprintf(cuda, sizeof cuda, "%d.%d", number / 1000, number % 1000 / 10);
    printf("%s       \n", now);
    printf("+-----------------------------------------------------------------------------------------+\n");
    printf("| NVIDIA-SMI %-22s Driver Version: %-14s CUDA Version: %-8s |\n", driver_version, driver, cuda);
    printf("%s", rule);
    printf("| GPU  Name                 Persistence-M | Bus-Id          Disp.A | Volatile Uncorr. ECC |\n");
    printf("| Fan  Temp   Perf          Pwr:Usage/Cap |           Memory-Usage | GPU-Util  Compute M. |\n");
    printf("|                                         |                        |               MIG M. |\n");
    printf("|=========================================+========================+======================|\n");
}

static void print_gpu(const struct target *target)
{
    char name[CSV_SIZE], errors[24], mode[24];
    unsigned persistence = 0, celsius = 0, state = 0, usage = 0, limit = 0;
    unsigned long long uncorrected = 0;
    nvmlUtilization_t rates;
    nvmlMemory_v2_t memory = {.version = NVML_VERSION(nvmlMemory_v2_t, 2)};
    const char *current, *pending;
    nvml.nvmlDeviceGetName(target->device, name, sizeof name);
    if (strlen(name) > NAME_WIDTH)
        strcpy(name + NAME_WIDTH - 3, "...");
    nvml.nvmlDeviceGetPersistenceMode(target->device, &persistence);
    nvml.nvmlDeviceGetTemperature(target->device, 0, &celsius);
    nvml.nvmlDeviceGetPerformanceState(target->device, &state);
    nvml.nvmlDeviceGetPowerUsage(target->device, &usage);
    nvml.nvmlDeviceGetEnforcedPowerLimit(target->device, &limit);
    nvml.nvmlDeviceGetMemoryInfo_v2(target->device, &memory);
    nvml.nvmlDeviceGetTotalEccErrors(target->device, 1, 0, &uncorrected);
    mig_mode_texts(target->device, &current, &pending);
    bool mig = strcmp(current, "Enabled") == 0;
    snprintf(errors, sizeof errors, "%llu", uncorrected);
    printf("| %3u  %-*s %7s | %18s %3s | %20s |\n", target->index, NAME_WIDTH, name, persistence ? "On " : "Off",
           target->bus, "Off", mig ? "On" : errors);
    printf("| N/A %4uC    P%u           %4uW / %4uW | %7lluMiB / %6lluMiB |", celsius, state, usage / 1000,
           limit / 1000, memory.used / MIB, memory.total / MIB);
    if (nvml.nvmlDeviceGetUtilizationRates(target->device, &rates) == NVML_SUCCESS)
        printf(" %6u%%      Default |\n", rates.gpu);
    else
        printf("     N/A      Default |\n");
    /* A star marks a mode that is to change with the next reset. */
    snprintf(mode, sizeof mode, "%s%s", current, strcmp(current, pending) == 0 ? "" : "*");
    printf("|                                         |                        | %20s |\n",
           strcmp(mode, "[N/A]") == 0 ? "N/A" : mode);
    printf("%s", rule);
}

int command_table(void)
{
    struct target targets[SMI_MAX_GPUS];
    unsigned count;
    int failed = targets_find(NULL, targets, &count);
    if (failed != 0)
        return failed;
    print_header();
    for (unsigned i = 0; i < count; i++)
        print_gpu(&targets[i]);
    return 0;
}
