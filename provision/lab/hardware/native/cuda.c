/* libcuda: as much of the CUDA driver API as a program needs to find its GPUs and to hold them. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capabilities.h"
#include "clients.h"
#include "instances.h"
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

/* A device as CUDA counts them: a GPU, or one of its MIG devices. */
struct visible {
    unsigned gpu;
    bool mig;
    unsigned gi, ci;
    char uuid[80];
};

static struct visible visible[MAX_GPUS];
static int visible_count = -1;
static struct context contexts[MAX_GPUS];

static bool may_open(const char *form, unsigned minor)
{
    char name[48];
    snprintf(name, sizeof name, form, minor);
    return device_try(name) == DEVICE_ALLOWED;
}

/* The first MIG device of a GPU that may be used: CUDA shows no more than one. */
static bool find_mig(const struct gpu *gpu, const char *wanted, struct visible *found)
{
    for (unsigned i = 0; i < gpu->instance_count; i++) {
        const struct gpu_instance *instance = &gpu->instances[i];
        for (unsigned j = 0; j < instance->compute_count; j++) {
            const struct compute_instance *compute = &instance->compute[j];
            *found = (struct visible){.gpu = gpu->index, .mig = true, .gi = instance->id, .ci = compute->id};
            compute_uuid(found->uuid, sizeof found->uuid, gpu, instance, compute);
            if (may_open("nvidia-caps/nvidia-cap%u", capability_minor(gpu, instance, compute)) &&
                (wanted == NULL || strstr(wanted, found->uuid) != NULL))
                return true;
        }
    }
    return false;
}

/* Tell whether CUDA_VISIBLE_DEVICES lets a GPU through, by its place in the order or by its UUID. */
static bool is_wanted(const char *wanted, const struct gpu *gpu, unsigned place)
{
    char copy[1024], *rest = NULL;
    if (wanted == NULL || strstr(wanted, gpu->uuid) != NULL)
        return true;
    snprintf(copy, sizeof copy, "%s", wanted);
    for (char *item = strtok_r(copy, ",", &rest); item != NULL; item = strtok_r(NULL, ",", &rest)) {
        char *end;
        if (strtoul(item, &end, 10) == place && *end == '\0' && end != item)
            return true;
    }
    return false;
}

CUresult cuInit(unsigned flags)
{
    const struct state *state = state_read();
    const char *wanted = getenv("CUDA_VISIBLE_DEVICES");
    unsigned place = 0;
    (void)flags;
    if (state == NULL || state->module_version[0] == '\0')
        return CUDA_ERROR_NO_DEVICE;
    if (state->mismatch || strcmp(state->module_version, driver_version) != 0)
        return CUDA_ERROR_SYSTEM_DRIVER_MISMATCH;
    visible_count = 0;
    for (unsigned i = 0; i < state->gpu_count; i++) {
        const struct gpu *gpu = &state->gpus[i];
        if (gpu->lost || !may_open("nvidia%u", gpu->minor))
            continue;
        if (gpu->fabric == FABRIC_WAITING && !gpu->mig)
            return CUDA_ERROR_SYSTEM_NOT_READY;
        if (gpu->mig) {
            if (find_mig(gpu, wanted, &visible[visible_count])) {
                visible_count++;
                break;
            }
        } else if (is_wanted(wanted, gpu, place++)) {
            visible[visible_count++] = (struct visible){.gpu = i};
        }
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
    if (state == NULL || device < 0 || device >= visible_count || visible[device].gpu >= state->gpu_count)
        return NULL;
    return &state->gpus[visible[device].gpu];
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

static void hold_instance(const struct gpu *gpu, const struct visible *device)
{
    char name[48];
    const struct gpu_instance *instance = device->mig ? instance_find((struct gpu *)gpu, device->gi) : NULL;
    const struct compute_instance *compute =
        instance == NULL ? NULL : compute_find((struct gpu_instance *)instance, device->ci);
    if (compute == NULL)
        return;
    snprintf(name, sizeof name, "nvidia-caps/nvidia-cap%u", capability_minor(gpu, instance, NULL));
    device_hold(name);
    snprintf(name, sizeof name, "nvidia-caps/nvidia-cap%u", capability_minor(gpu, instance, compute));
    device_hold(name);
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
    hold_instance(gpu, &visible[device]);
    contexts[device].device = device;
    *context = &contexts[device];
    return CUDA_SUCCESS;
}

CUresult cuCtxDestroy_v2(CUcontext context)
{
    return context == NULL ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}
