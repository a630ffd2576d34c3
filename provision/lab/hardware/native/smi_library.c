#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "smi.h"
#include "version.h"

#define FIRST_MISMATCH_PARTS 2

struct library nvml;

static nvmlReturn_t missing(void)
{
    return NVML_ERROR_FUNCTION_NOT_FOUND;
}

const char *text_of(nvmlReturn_t result)
{
    return nvml.nvmlErrorString(result);
}

static int no_library(void)
{
    printf("NVIDIA-SMI couldn't find libnvidia-ml.so library in your system. Please make sure that the NVIDIA Display "
           "Driver is properly installed and present in your system.\n"
           "Please also try adding directory that contains libnvidia-ml.so to your system PATH.\n");
    return NVML_ERROR_LIBRARY_NOT_FOUND;
}

/* The library's version as nvidia-smi prints it here: without the CUDA version, and its first two parts only. */
static void print_library_version(void)
{
    char version[80];
    unsigned parts = 0;
    if (nvml.nvmlSystemGetNVMLVersion(version, sizeof version) != NVML_SUCCESS)
        return;
    char *driver = strchr(version, '.');
    if (driver == NULL)
        return;
    for (char *at = driver + 1; *at != '\0'; at++)
        if (*at == '.' && ++parts == FIRST_MISMATCH_PARTS)
            *at = '\0';
    printf("NVML library version: %s\n", driver + 1);
}

/* Tell whether the library is of this program's version; its own stands behind the one of CUDA. */
static bool same_version(void)
{
    char version[80];
    if (nvml.nvmlSystemGetNVMLVersion(version, sizeof version) != NVML_SUCCESS)
        return true;
    const char *driver = strchr(version, '.');
    return driver != NULL && strcmp(driver + 1, driver_version) == 0;
}

int library_open(void)
{
    void *library = dlopen("libnvidia-ml.so.1", RTLD_NOW);
    if (library == NULL)
        return no_library();
    void *symbol;
#define SMI_LOOK_UP(name, arguments)           \
    symbol = dlsym(library, #name);            \
    if (symbol == NULL)                        \
        symbol = (void *)missing;              \
    memcpy(&nvml.name, &symbol, sizeof symbol);
    SMI_FUNCTIONS(SMI_LOOK_UP)
#undef SMI_LOOK_UP
    symbol = dlsym(library, "nvmlErrorString");
    if (symbol == NULL)
        return no_library();
    memcpy(&nvml.nvmlErrorString, &symbol, sizeof symbol);
    if (!same_version()) {
        printf("Mismatch in versions between nvidia-smi and NVML.\n"
               "Are you sure you are using nvidia-smi provided with the driver?\n");
        return EXIT_FAILED;
    }
    nvmlReturn_t result = nvml.nvmlInit_v2();
    if (result == NVML_SUCCESS)
        return 0;
    if (result == NVML_ERROR_DRIVER_NOT_LOADED) {
        printf("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the "
               "latest NVIDIA driver is installed and running.\n\n");
        return result;
    }
    printf("Failed to initialize NVML: %s\n", text_of(result));
    if (result == NVML_ERROR_LIB_RM_VERSION_MISMATCH)
        print_library_version();
    return result > 255 || result == NVML_ERROR_RESET_REQUIRED || result == NVML_ERROR_UNINITIALIZED ? EXIT_FAILED
                                                                                                     : (int)result;
}

/* Find one GPU by what -i accepts: an index, a UUID or a bus address. */
static nvmlReturn_t find(const char *id, nvmlDevice_t *device)
{
    unsigned index;
    char rest;
    if (sscanf(id, "%u%c", &index, &rest) == 1)
        return nvml.nvmlDeviceGetHandleByIndex_v2(index, device);
    if (strncmp(id, "GPU-", 4) == 0)
        return nvml.nvmlDeviceGetHandleByUUID(id, device);
    return nvml.nvmlDeviceGetHandleByPciBusId_v2(id, device);
}

static int add(struct target *targets, unsigned *count, nvmlDevice_t device)
{
    nvmlPciInfo_t pci;
    struct target *target = &targets[*count];
    target->device = device;
    if (nvml.nvmlDeviceGetIndex(device, &target->index) != NVML_SUCCESS ||
        nvml.nvmlDeviceGetPciInfo_v3(device, &pci) != NVML_SUCCESS)
        return EXIT_FAILED;
    memcpy(target->bus, pci.busId, sizeof target->bus);
    ++*count;
    return 0;
}

static int lost(unsigned index, nvmlReturn_t result)
{
    printf("Unable to determine the device handle for GPU%u: %s.  Reboot the system to recover this GPU\n\n\n", index,
           text_of(result));
    return result;
}

static int find_all(struct target *targets, unsigned *count)
{
    unsigned known = 0;
    nvml.nvmlDeviceGetCount_v2(&known);
    for (unsigned i = 0; i < known && i < SMI_MAX_GPUS; i++) {
        nvmlDevice_t device;
        nvmlReturn_t result = nvml.nvmlDeviceGetHandleByIndex_v2(i, &device);
        if (result != NVML_SUCCESS)
            return lost(i, result);
        if (add(targets, count, device) != 0)
            return EXIT_FAILED;
    }
    return 0;
}

static int find_named(const char *ids, struct target *targets, unsigned *count)
{
    char copy[1024], *rest = NULL;
    snprintf(copy, sizeof copy, "%s", ids);
    for (char *id = strtok_r(copy, ",", &rest); id != NULL; id = strtok_r(NULL, ",", &rest)) {
        nvmlDevice_t device;
        nvmlReturn_t result = find(id, &device);
        if (result == NVML_ERROR_GPU_IS_LOST)
            return lost(*count, result);
        if (result != NVML_SUCCESS)
            break;
        if (*count == SMI_MAX_GPUS || add(targets, count, device) != 0)
            return EXIT_FAILED;
    }
    return 0;
}

int targets_find(const char *ids, struct target *targets, unsigned *count)
{
    *count = 0;
    int failed = ids == NULL ? find_all(targets, count) : find_named(ids, targets, count);
    if (failed == 0 && *count == 0) {
        printf("No devices were found\n");
        return NVML_ERROR_NOT_FOUND;
    }
    return failed;
}
