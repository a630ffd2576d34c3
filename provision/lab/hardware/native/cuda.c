/* libcuda: as much of the CUDA driver API as a program needs to find its GPUs and to hold them. */

#include <stdio.h>
#include <string.h>

#include "clients.h"
#include "state.h"
#include "version.h"

#define CUDA_API __attribute__((visibility("default")))
#define CUDA_SUCCESS 0
#define CUDA_ERROR_INVALID_VALUE 1
#define CUDA_ERROR_NOT_INITIALIZED 3
#define CUDA_ERROR_NO_DEVICE 100
#define CUDA_ERROR_INVALID_DEVICE 101
#define CUDA_ERROR_SYSTEM_NOT_READY 802
#define CUDA_ERROR_SYSTEM_DRIVER_MISMATCH 803
#define MIB 1048576ull

typedef int CUresult;
typedef int CUdevice;
typedef struct context *CUcontext;

CUDA_API CUresult cuInit(unsigned flags);
CUDA_API CUresult cuDriverGetVersion(int *version);
CUDA_API CUresult cuDeviceGetCount(int *count);
CUDA_API CUresult cuDeviceGet(CUdevice *device, int ordinal);
CUDA_API CUresult cuDeviceGetName(char *name, int length, CUdevice device);
CUDA_API CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device);
CUDA_API CUresult cuCtxCreate_v2(CUcontext *context, unsigned flags, CUdevice device);
CUDA_API CUresult cuCtxDestroy_v2(CUcontext context);

struct context {
    CUdevice device;
};

static unsigned visible[MAX_GPUS];
static int visible_count = -1;
static struct context contexts[MAX_GPUS];

CUresult cuInit(unsigned flags)
{
    const struct state *state = state_read();
    (void)flags;
    if (state == NULL || state->module_version[0] == '\0')
        return CUDA_ERROR_NO_DEVICE;
    if (state->mismatch || strcmp(state->module_version, driver_version) != 0)
        return CUDA_ERROR_SYSTEM_DRIVER_MISMATCH;
    visible_count = 0;
    for (unsigned i = 0; i < state->gpu_count; i++) {
        char name[24];
        snprintf(name, sizeof name, "nvidia%u", state->gpus[i].minor);
        if (state->gpus[i].lost || device_try(name) != DEVICE_ALLOWED)
            continue;
        if (state->gpus[i].fabric == FABRIC_WAITING)
            return CUDA_ERROR_SYSTEM_NOT_READY;
        visible[visible_count++] = i;
    }
    return visible_count == 0 ? CUDA_ERROR_NO_DEVICE : CUDA_SUCCESS;
}

CUresult cuDriverGetVersion(int *version)
{
    *version = cuda_version;
    return CUDA_SUCCESS;
}

CUresult cuDeviceGetCount(int *count)
{
    if (visible_count < 0)
        return CUDA_ERROR_NOT_INITIALIZED;
    *count = visible_count;
    return CUDA_SUCCESS;
}

CUresult cuDeviceGet(CUdevice *device, int ordinal)
{
    if (visible_count < 0)
        return CUDA_ERROR_NOT_INITIALIZED;
    if (ordinal < 0 || ordinal >= visible_count)
        return CUDA_ERROR_INVALID_DEVICE;
    *device = ordinal;
    return CUDA_SUCCESS;
}

static const struct gpu *gpu_of(CUdevice device)
{
    const struct state *state = state_read();
    if (state == NULL || device < 0 || device >= visible_count || visible[device] >= state->gpu_count)
        return NULL;
    return &state->gpus[visible[device]];
}

CUresult cuDeviceGetName(char *name, int length, CUdevice device)
{
    const struct gpu *gpu = gpu_of(device);
    if (gpu == NULL)
        return CUDA_ERROR_INVALID_DEVICE;
    snprintf(name, (size_t)length, "%s", gpu->model->name);
    return CUDA_SUCCESS;
}

CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device)
{
    const struct gpu *gpu = gpu_of(device);
    if (gpu == NULL)
        return CUDA_ERROR_INVALID_DEVICE;
    *bytes = gpu->model->memory * MIB;
    return CUDA_SUCCESS;
}

/* A context makes the program a client of its GPU, for as long as it runs. */
CUresult cuCtxCreate_v2(CUcontext *context, unsigned flags, CUdevice device)
{
    const struct gpu *gpu = gpu_of(device);
    char name[24];
    (void)flags;
    if (gpu == NULL)
        return CUDA_ERROR_INVALID_DEVICE;
    snprintf(name, sizeof name, "nvidia%u", gpu->minor);
    device_hold("nvidiactl");
    device_hold("nvidia-uvm");
    device_hold(name);
    contexts[device].device = device;
    *context = &contexts[device];
    return CUDA_SUCCESS;
}

CUresult cuCtxDestroy_v2(CUcontext context)
{
    return context == NULL ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}
