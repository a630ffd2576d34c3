/* The table that nvidia-smi prints when it is given nothing to do. */

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "smi.h"
#include "version.h"

#define MIB 1048576ull
#define NAME_WIDTH 26
#define PROCESS_WIDTH 35
#define MAX_APPS 128

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

static unsigned print_processes(const struct target *target)
{
    nvmlProcessInfo_t apps[MAX_APPS];
    unsigned count = MAX_APPS;
    if (nvml.nvmlDeviceGetComputeRunningProcesses_v3(target->device, &count, apps) != NVML_SUCCESS)
        return 0;
    for (unsigned i = 0; i < count; i++) {
        char name[CSV_SIZE] = "", gi[12] = "N/A", ci[12] = "N/A";
        if (apps[i].gpuInstanceId != NVML_NO_INSTANCE) {
            snprintf(gi, sizeof gi, "%u", apps[i].gpuInstanceId);
            snprintf(ci, sizeof ci, "%u", apps[i].computeInstanceId);
        }
        nvml.nvmlSystemGetProcessName(apps[i].pid, name, sizeof name);
        printf("|%5u   %3s  %3s%16u      C   %-*.*s %7lluMiB |\n", target->index, gi, ci, apps[i].pid, PROCESS_WIDTH,
               PROCESS_WIDTH, name, apps[i].usedGpuMemory / MIB);
    }
    return count;
}

int command_table(void)
{
    struct target targets[SMI_MAX_GPUS];
    unsigned count, running = 0;
    int failed = targets_find(NULL, targets, &count);
    if (failed != 0)
        return failed;
    print_header();
    for (unsigned i = 0; i < count; i++)
        print_gpu(&targets[i]);
    printf("\n");
    table_of_mig_devices(targets, count);
    printf("+-----------------------------------------------------------------------------------------+\n");
    printf("| Processes:                                                                              |\n");
    printf("|  GPU   GI   CI              PID   Type   Process name                        GPU Memory |\n");
    printf("|        ID   ID                                                               Usage      |\n");
    printf("|=========================================================================================|\n");
    for (unsigned i = 0; i < count; i++)
        running += print_processes(&targets[i]);
    if (running == 0)
        printf("|  No running processes found                                                             |\n");
    printf("+-----------------------------------------------------------------------------------------+\n");
    return 0;
}
