/* What the files of the nvidia-smi double share. All its output goes to stdout, and it exits with NVML's codes. */
#ifndef SMI_H
#define SMI_H

#include <stdbool.h>
#include <stddef.h>

#include "nvml_api.h"

#define EXIT_UNKNOWN_OPTION 255
#define EXIT_FAILED 255
#define SMI_MAX_GPUS 64

/* The functions that are looked up in libnvidia-ml.so.1. */
#define SMI_FUNCTIONS(X)                                                                                   \
    X(nvmlInit_v2, (void))                                                                                 \
    X(nvmlShutdown, (void))                                                                                \
    X(nvmlSystemGetDriverVersion, (char *, unsigned))                                                      \
    X(nvmlSystemGetNVMLVersion, (char *, unsigned))                                                        \
    X(nvmlSystemGetCudaDriverVersion_v2, (int *))                                                          \
    X(nvmlDeviceGetCount_v2, (unsigned *))                                                                 \
    X(nvmlDeviceGetHandleByIndex_v2, (unsigned, nvmlDevice_t *))                                           \
    X(nvmlDeviceGetHandleByUUID, (const char *, nvmlDevice_t *))                                           \
    X(nvmlDeviceGetHandleByPciBusId_v2, (const char *, nvmlDevice_t *))                                    \
    X(nvmlDeviceGetIndex, (nvmlDevice_t, unsigned *))                                                      \
    X(nvmlDeviceGetName, (nvmlDevice_t, char *, unsigned))                                                 \
    X(nvmlDeviceGetUUID, (nvmlDevice_t, char *, unsigned))                                                 \
    X(nvmlDeviceGetSerial, (nvmlDevice_t, char *, unsigned))                                               \
    X(nvmlDeviceGetPciInfo_v3, (nvmlDevice_t, nvmlPciInfo_t *))                                            \
    X(nvmlDeviceGetCudaComputeCapability, (nvmlDevice_t, int *, int *))                                    \
    X(nvmlDeviceGetMemoryInfo_v2, (nvmlDevice_t, nvmlMemory_v2_t *))                                       \
    X(nvmlDeviceGetUtilizationRates, (nvmlDevice_t, nvmlUtilization_t *))                                  \
    X(nvmlDeviceGetTemperature, (nvmlDevice_t, unsigned, unsigned *))                                      \
    X(nvmlDeviceGetPowerUsage, (nvmlDevice_t, unsigned *))                                                 \
    X(nvmlDeviceGetEnforcedPowerLimit, (nvmlDevice_t, unsigned *))                                         \
    X(nvmlDeviceGetPerformanceState, (nvmlDevice_t, unsigned *))                                           \
    X(nvmlDeviceGetPersistenceMode, (nvmlDevice_t, unsigned *))                                            \
    X(nvmlDeviceSetPersistenceMode, (nvmlDevice_t, unsigned))                                              \
    X(nvmlDeviceGetEccMode, (nvmlDevice_t, unsigned *, unsigned *))                                        \
    X(nvmlDeviceGetTotalEccErrors, (nvmlDevice_t, unsigned, unsigned, unsigned long long *))               \
    X(nvmlDeviceGetCurrPcieLinkGeneration, (nvmlDevice_t, unsigned *))                                     \
    X(nvmlDeviceGetMaxPcieLinkGeneration, (nvmlDevice_t, unsigned *))                                      \
    X(nvmlDeviceGetCurrPcieLinkWidth, (nvmlDevice_t, unsigned *))                                          \
    X(nvmlDeviceGetMaxPcieLinkWidth, (nvmlDevice_t, unsigned *))                                           \
    X(nvmlDeviceGetGpuFabricInfoV, (nvmlDevice_t, nvmlGpuFabricInfo_v2_t *))                               \
    X(nvmlDeviceGetComputeRunningProcesses_v3, (nvmlDevice_t, unsigned *, nvmlProcessInfo_t *))            \
    X(nvmlDeviceGetMigMode, (nvmlDevice_t, unsigned *, unsigned *))                                        \
    X(nvmlDeviceSetMigMode, (nvmlDevice_t, unsigned, nvmlReturn_t *))                                      \
    X(nvmlDeviceGetMaxMigDeviceCount, (nvmlDevice_t, unsigned *))                                          \
    X(nvmlDeviceGetMigDeviceHandleByIndex, (nvmlDevice_t, unsigned, nvmlDevice_t *))                       \
    X(nvmlDeviceGetGpuInstanceProfileInfoV, (nvmlDevice_t, unsigned, nvmlGpuInstanceProfileInfo_v2_t *))   \
    X(nvmlDeviceGetGpuInstancePossiblePlacements_v2, (nvmlDevice_t, unsigned, nvmlPlacement_t *, unsigned *)) \
    X(nvmlDeviceGetGpuInstanceRemainingCapacity, (nvmlDevice_t, unsigned, unsigned *))                     \
    X(nvmlDeviceCreateGpuInstance, (nvmlDevice_t, unsigned, nvmlGpuInstance_t *))                          \
    X(nvmlDeviceCreateGpuInstanceWithPlacement,                                                            \
      (nvmlDevice_t, unsigned, const nvmlPlacement_t *, nvmlGpuInstance_t *))                              \
    X(nvmlDeviceGetGpuInstances, (nvmlDevice_t, unsigned, nvmlGpuInstance_t *, unsigned *))                \
    X(nvmlGpuInstanceGetInfo, (nvmlGpuInstance_t, nvmlGpuInstanceInfo_t *))                                \
    X(nvmlGpuInstanceDestroy, (nvmlGpuInstance_t))                                                         \
    X(nvmlGpuInstanceGetComputeInstanceProfileInfoV,                                                       \
      (nvmlGpuInstance_t, unsigned, unsigned, nvmlComputeInstanceProfileInfo_v2_t *))                      \
    X(nvmlGpuInstanceCreateComputeInstance, (nvmlGpuInstance_t, unsigned, nvmlComputeInstance_t *))        \
    X(nvmlGpuInstanceGetComputeInstances, (nvmlGpuInstance_t, unsigned, nvmlComputeInstance_t *, unsigned *)) \
    X(nvmlComputeInstanceGetInfo_v2, (nvmlComputeInstance_t, nvmlComputeInstanceInfo_t *))                 \
    X(nvmlComputeInstanceDestroy, (nvmlComputeInstance_t))

struct library {
#define SMI_POINTER(name, arguments) nvmlReturn_t(*name) arguments;
    SMI_FUNCTIONS(SMI_POINTER)
#undef SMI_POINTER
    const char *(*nvmlErrorString)(nvmlReturn_t);
};

extern struct library nvml;

/* Load the library and initialise it. Prints the reason and returns the exit code where that fails, else 0. */
int library_open(void);
const char *text_of(nvmlReturn_t result);

struct options {
    bool list, query, xml, reset;
    const char *ids;      /* -i */
    const char *gpus;     /* --query-gpu */
    const char *apps;     /* --query-compute-apps */
    const char *format;   /* --format */
    const char *persistence, *mig; /* -pm, -mig */
};

/* Read the command line. Returns an exit code for one that is wrong, having said so, else -1. */
int options_read(struct options *options, int count, char **arguments);

/* A GPU that a command works on. */
struct target {
    unsigned index;
    nvmlDevice_t device;
    char bus[NVML_BUS_ID];
};

/* Find the GPUs that `ids` names, all without it. Prints the reason and returns the exit code on failure, else 0. */
int targets_find(const char *ids, struct target *targets, unsigned *count);

int command_list(void);
int command_table(void);
int command_query(const struct options *options);
int command_apps(const struct options *options);
int command_report(const struct options *options);
int command_switches(const struct options *options);
int command_reset(const struct options *options);
int command_topology(void);
int command_mig(int count, char **arguments);

/* The value of a --query-gpu field, without its unit. False for a field that does not exist. */
bool field_value(const char *name, const struct target *target, char *value, size_t size);

/* The unit of a field; NULL for none. */
const char *field_unit(const char *name);

#define CSV_SIZE 256

/* One GPU's MIG mode as texts. */
void mig_mode_texts(nvmlDevice_t device, const char **current, const char **pending);

/* The name of a GPU's fabric state; NULL where the GPU has none. */
const char *fabric_text(nvmlDevice_t device);

#endif
