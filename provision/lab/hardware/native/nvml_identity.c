#include <stdio.h>
#include <string.h>

#include "nvml_internal.h"

NVML_API nvmlReturn_t nvmlDeviceGetCount_v2(unsigned *count);
NVML_API nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned index, nvmlDevice_t *device);
NVML_API nvmlReturn_t nvmlDeviceGetHandleByUUID(const char *uuid, nvmlDevice_t *device);
NVML_API nvmlReturn_t nvmlDeviceGetHandleByPciBusId_v2(const char *address, nvmlDevice_t *device);
NVML_API nvmlReturn_t nvmlDeviceGetIndex(nvmlDevice_t device, unsigned *index);
NVML_API nvmlReturn_t nvmlDeviceGetMinorNumber(nvmlDevice_t device, unsigned *minor);
NVML_API nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t device, char *name, unsigned length);
NVML_API nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char *uuid, unsigned length);
NVML_API nvmlReturn_t nvmlDeviceGetSerial(nvmlDevice_t device, char *serial, unsigned length);
NVML_API nvmlReturn_t nvmlDeviceGetVbiosVersion(nvmlDevice_t device, char *version, unsigned length);
NVML_API nvmlReturn_t nvmlDeviceGetPciInfo_v3(nvmlDevice_t device, nvmlPciInfo_t *pci);
NVML_API nvmlReturn_t nvmlDeviceGetCudaComputeCapability(nvmlDevice_t device, int *major, int *minor);

nvmlReturn_t nvmlDeviceGetCount_v2(unsigned *count)
{
    struct state *state;
    nvmlReturn_t result = enter(&state);
    if (result != NVML_SUCCESS)
        return result;
    *count = 0;
    for (unsigned i = 0; i < state->gpu_count; i++)
        *count += gpu_is_visible(&state->gpus[i]);
    return NVML_SUCCESS;
}

static nvmlReturn_t give_handle(const struct gpu *gpu, nvmlDevice_t *device)
{
    if (gpu->lost)
        return NVML_ERROR_GPU_IS_LOST;
    *device = handle_of_gpu(gpu->index);
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned index, nvmlDevice_t *device)
{
    struct state *state;
    nvmlReturn_t result = enter(&state);
    if (result != NVML_SUCCESS)
        return result;
    for (unsigned i = 0; i < state->gpu_count; i++)
        if (gpu_is_visible(&state->gpus[i]) && index-- == 0)
            return give_handle(&state->gpus[i], device);
    return NVML_ERROR_INVALID_ARGUMENT;
}

/* A MIG device's handle from its UUID. */
static nvmlReturn_t find_mig_device(const struct gpu *gpu, const char *uuid, nvmlDevice_t *device)
{
    char own[80];
    for (unsigned i = 0; i < gpu->instance_count; i++) {
        const struct gpu_instance *instance = &gpu->instances[i];
        for (unsigned j = 0; j < instance->compute_count; j++) {
            const struct compute_instance *compute = &instance->compute[j];
            compute_uuid(own, sizeof own, gpu, instance, compute);
            if (strcmp(own, uuid) == 0 && instance_is_visible(gpu, instance, compute)) {
                *device = handle_of_mig_device(gpu->index, instance->id, compute->id);
                return NVML_SUCCESS;
            }
        }
    }
    return NVML_ERROR_NOT_FOUND;
}

nvmlReturn_t nvmlDeviceGetHandleByUUID(const char *uuid, nvmlDevice_t *device)
{
    struct state *state;
    nvmlReturn_t result = enter(&state);
    if (result != NVML_SUCCESS)
        return result;
    if (uuid == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    for (unsigned i = 0; i < state->gpu_count; i++) {
        if (!gpu_is_visible(&state->gpus[i]))
            continue;
        if (strcmp(uuid, state->gpus[i].uuid) == 0)
            return give_handle(&state->gpus[i], device);
        if (find_mig_device(&state->gpus[i], uuid, device) == NVML_SUCCESS)
            return NVML_SUCCESS;
    }
    return NVML_ERROR_NOT_FOUND;
}

nvmlReturn_t nvmlDeviceGetHandleByPciBusId_v2(const char *address, nvmlDevice_t *device)
{
    struct state *state;
    unsigned domain, bus, slot, function;
    char normal[32];
    nvmlReturn_t result = enter(&state);
    if (result != NVML_SUCCESS)
        return result;
    if (address == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (sscanf(address, "%x:%x:%x.%x", &domain, &bus, &slot, &function) != 4) {
        domain = 0;
        if (sscanf(address, "%x:%x.%x", &bus, &slot, &function) != 3)
            return NVML_ERROR_INVALID_ARGUMENT;
    }
    snprintf(normal, sizeof normal, "%08X:%02X:%02X.%X", domain, bus & 0xff, slot & 0xff, function & 0xf);
    for (unsigned i = 0; i < state->gpu_count; i++)
        if (strcmp(normal, state->gpus[i].pci) == 0 && gpu_is_visible(&state->gpus[i]))
            return give_handle(&state->gpus[i], device);
    return NVML_ERROR_NOT_FOUND;
}

/* Position of a MIG device among those that are visible on its GPU. */
static unsigned mig_index(const struct gpu *gpu, const struct compute_instance *wanted)
{
    unsigned index = 0;
    for (unsigned i = 0; i < gpu->instance_count; i++)
        for (unsigned j = 0; j < gpu->instances[i].compute_count; j++) {
            if (&gpu->instances[i].compute[j] == wanted)
                return index;
            index += instance_is_visible(gpu, &gpu->instances[i], &gpu->instances[i].compute[j]);
        }
    return index;
}

nvmlReturn_t nvmlDeviceGetIndex(nvmlDevice_t device, unsigned *index)
{
    struct gpu *gpu;
    struct gpu_instance *instance;
    struct compute_instance *compute;
    nvmlReturn_t result = enter_device(device, &gpu, &instance, &compute);
    if (result != NVML_SUCCESS)
        return result;
    if (compute != NULL) {
        *index = mig_index(gpu, compute);
        return NVML_SUCCESS;
    }
    *index = 0;
    for (struct gpu *other = gpu - gpu->index; other < gpu; other++)
        *index += gpu_is_visible(other);
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetMinorNumber(nvmlDevice_t device, unsigned *minor)
{
    struct gpu *gpu;
    nvmlReturn_t result = enter_gpu(device, &gpu);
    if (result == NVML_SUCCESS)
        *minor = gpu->minor;
    return result;
}

nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t device, char *name, unsigned length)
{
    struct gpu *gpu;
    struct gpu_instance *instance;
    struct compute_instance *compute;
    char text[256], mig[96];
    nvmlReturn_t result = enter_device(device, &gpu, &instance, &compute);
    if (result != NVML_SUCCESS)
        return result;
    if (compute == NULL)
        return give_text(name, length, gpu->model->name);
    compute_name(mig, sizeof mig, profile_by_id(gpu->model, instance->profile_id), compute->slices);
    snprintf(text, sizeof text, "%s %s", gpu->model->name, mig);
    return give_text(name, length, text);
}

nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char *uuid, unsigned length)
{
    struct gpu *gpu;
    struct gpu_instance *instance;
    struct compute_instance *compute;
    char text[80];
    nvmlReturn_t result = enter_device(device, &gpu, &instance, &compute);
    if (result != NVML_SUCCESS)
        return result;
    if (compute == NULL)
        return give_text(uuid, length, gpu->uuid);
    compute_uuid(text, sizeof text, gpu, instance, compute);
    return give_text(uuid, length, text);
}

nvmlReturn_t nvmlDeviceGetSerial(nvmlDevice_t device, char *serial, unsigned length)
{
    struct gpu *gpu;
    nvmlReturn_t result = enter_gpu(device, &gpu);
    return result == NVML_SUCCESS ? give_text(serial, length, gpu->serial) : result;
}

nvmlReturn_t nvmlDeviceGetVbiosVersion(nvmlDevice_t device, char *version, unsigned length)
{
    struct gpu *gpu;
    nvmlReturn_t result = enter_gpu(device, &gpu);
    return result == NVML_SUCCESS ? give_text(version, length, "96.00.74.00.01") : result;
}

static void address_parts(const struct gpu *gpu, unsigned *domain, unsigned *bus, unsigned *slot)
{
    *domain = *bus = *slot = 0;
    sscanf(gpu->pci, "%x:%x:%x", domain, bus, slot);
}

nvmlReturn_t nvmlDeviceGetPciInfo_v3(nvmlDevice_t device, nvmlPciInfo_t *pci)
{
    struct gpu *gpu;
    nvmlReturn_t result = enter_gpu(device, &gpu);
    if (result != NVML_SUCCESS)
        return result;
    memset(pci, 0, sizeof *pci);
    address_parts(gpu, &pci->domain, &pci->bus, &pci->device);
    pci->pciDeviceId = gpu->device;
    pci->pciSubSystemId = gpu->subsystem;
    strcpy(pci->busId, gpu->pci);
    /* The old field has room for a domain of four digits only. */
    snprintf(pci->busIdLegacy, sizeof pci->busIdLegacy, "%s", gpu->pci + 4);
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetCudaComputeCapability(nvmlDevice_t device, int *major, int *minor)
{
    struct gpu *gpu;
    struct gpu_instance *instance;
    struct compute_instance *compute;
    nvmlReturn_t result = enter_device(device, &gpu, &instance, &compute);
    if (result != NVML_SUCCESS)
        return result;
    *major = (int)gpu->model->cc_major;
    *minor = (int)gpu->model->cc_minor;
    return NVML_SUCCESS;
}
