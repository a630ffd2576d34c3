#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clients.h"
#include "nvml_internal.h"
#include "version.h"

NVML_API nvmlReturn_t nvmlInit_v2(void);
NVML_API nvmlReturn_t nvmlInitWithFlags(unsigned flags);
NVML_API nvmlReturn_t nvmlShutdown(void);
NVML_API nvmlReturn_t nvmlSystemGetDriverVersion(char *version, unsigned length);
NVML_API nvmlReturn_t nvmlSystemGetNVMLVersion(char *version, unsigned length);
NVML_API nvmlReturn_t nvmlSystemGetCudaDriverVersion_v2(int *version);

static unsigned users;
static int held[MAX_GPUS + 1];
static unsigned held_count;

/* Whether the driver is there and is ours: what initialisation asks it. */
static nvmlReturn_t greet(struct state *state)
{
    if (state == NULL || state->module_version[0] == '\0')
        return NVML_ERROR_DRIVER_NOT_LOADED;
    if (state_in_container()) {
        enum device_access control = device_try("nvidiactl");
        if (control == DEVICE_ABSENT)
            return NVML_ERROR_DRIVER_NOT_LOADED;
        if (control == DEVICE_FORBIDDEN)
            return NVML_ERROR_UNKNOWN;
    }
    if (state->mismatch || strcmp(state->module_version, driver_version) != 0)
        return NVML_ERROR_LIB_RM_VERSION_MISMATCH;
    return NVML_SUCCESS;
}

/* Every client of the library is one of the driver's, and shows as such. */
static void hold(const char *name)
{
    int descriptor = device_hold(name);
    if (descriptor >= 0)
        held[held_count++] = descriptor;
}

nvmlReturn_t nvmlInit_v2(void)
{
    struct state *state = state_read();
    nvmlReturn_t result = greet(state);
    if (result != NVML_SUCCESS || users++ != 0)
        return result;
    hold("nvidiactl");
    for (unsigned i = 0; i < state->gpu_count; i++) {
        char name[24];
        snprintf(name, sizeof name, "nvidia%u", state->gpus[i].minor);
        hold(name);
    }
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlInitWithFlags(unsigned flags)
{
    (void)flags;
    return nvmlInit_v2();
}

nvmlReturn_t nvmlShutdown(void)
{
    if (users == 0)
        return NVML_ERROR_UNINITIALIZED;
    if (--users == 0)
        while (held_count != 0)
            close(held[--held_count]);
    return NVML_SUCCESS;
}

nvmlReturn_t enter(struct state **state)
{
    if (users == 0)
        return NVML_ERROR_UNINITIALIZED;
    *state = state_read();
    return *state == NULL ? NVML_ERROR_UNKNOWN : NVML_SUCCESS;
}

nvmlReturn_t nvmlSystemGetDriverVersion(char *version, unsigned length)
{
    struct state *state;
    nvmlReturn_t result = enter(&state);
    return result == NVML_SUCCESS ? give_text(version, length, driver_version) : result;
}

nvmlReturn_t nvmlSystemGetNVMLVersion(char *version, unsigned length)
{
    char text[96];
    snprintf(text, sizeof text, "%d.%s", cuda_version / 1000, driver_version);
    return give_text(version, length, text);
}

nvmlReturn_t nvmlSystemGetCudaDriverVersion_v2(int *version)
{
    if (version == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    *version = cuda_version;
    return NVML_SUCCESS;
}
