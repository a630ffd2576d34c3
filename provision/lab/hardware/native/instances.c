#include "instances.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "capabilities.h"
#include "clients.h"
#include "placements.h"

#define HASH_START 1469598103934665603ull
#define HASH_STEP 1099511628211ull

bool gpu_in_use(const struct gpu *gpu, bool computing)
{
    struct client clients[MAX_CLIENTS];
    size_t count = clients_find(clients, MAX_CLIENTS);
    for (size_t i = 0; i < count; i++)
        if ((clients[i].gpus & (1u << gpu->minor)) != 0 && (!computing || clients[i].computes))
            return true;
    return false;
}

/* A program that computes on an instance holds its capability. */
static bool capability_in_use(unsigned minor)
{
    struct client clients[MAX_CLIENTS];
    size_t count = clients_find(clients, MAX_CLIENTS);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < clients[i].capability_count; j++)
            if (clients[i].capabilities[j] == minor)
                return true;
    return false;
}

struct gpu_instance *instance_find(struct gpu *gpu, unsigned id)
{
    for (unsigned i = 0; i < gpu->instance_count; i++)
        if (gpu->instances[i].id == id)
            return &gpu->instances[i];
    return NULL;
}

nvmlReturn_t instance_create(struct gpu *gpu, const struct profile *profile, const unsigned *start,
                             struct gpu_instance **created)
{
    unsigned chosen = start != NULL ? *start : 0, at = 0;
    bool known = start == NULL;
    for (unsigned i = 0; start != NULL && i < profile->start_count; i++)
        known |= profile->starts[i] == chosen;
    if (!known)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (start == NULL ? !placement_choose(gpu, profile, &chosen) : !placement_is_free(gpu, profile, chosen))
        return NVML_ERROR_INSUFFICIENT_RESOURCES;
    unsigned id = placement_id(gpu->model, profile, chosen);
    while (at < gpu->instance_count && gpu->instances[at].id < id)
        at++;
    memmove(&gpu->instances[at + 1], &gpu->instances[at], (gpu->instance_count - at) * sizeof gpu->instances[0]);
    gpu->instance_count++;
    gpu->instances[at] = (struct gpu_instance){
        .id = id, .profile_id = profile->id, .start = chosen, .born = ++gpu->born};
    *created = &gpu->instances[at];
    capability_appear(gpu, *created, NULL);
    return NVML_SUCCESS;
}

nvmlReturn_t instance_destroy(struct gpu *gpu, unsigned id)
{
    struct gpu_instance *instance = instance_find(gpu, id);
    if (instance == NULL)
        return NVML_ERROR_NOT_FOUND;
    if (instance->compute_count != 0)
        return NVML_ERROR_IN_USE;
    capability_vanish(gpu, instance, NULL);
    size_t after = &gpu->instances[gpu->instance_count] - (instance + 1);
    memmove(instance, instance + 1, after * sizeof *instance);
    gpu->instance_count--;
    return NVML_SUCCESS;
}

static const unsigned slices_of_number[] = {1, 2, 3, 4, 7, 8, 6};

unsigned compute_profile_slices(const struct profile *parent, unsigned nvml)
{
    if (nvml >= sizeof slices_of_number / sizeof slices_of_number[0])
        return 0;
    unsigned slices = slices_of_number[nvml];
    bool offered = slices == parent->slices || (slices < parent->slices && slices <= 4 &&
                                                !(slices == 3 && parent->slices == 4));
    return offered ? slices : 0;
}

unsigned compute_profile_number(unsigned slices)
{
    for (unsigned i = 0; i < sizeof slices_of_number / sizeof slices_of_number[0]; i++)
        if (slices_of_number[i] == slices)
            return i;
    return NVML_COMPUTE_INSTANCE_PROFILE_COUNT;
}

unsigned compute_profile_sms(const struct model *model, const struct profile *parent, unsigned slices)
{
    return slices == parent->slices ? parent->multiprocessors : slices * model->slice_sms;
}

void compute_name(char *name, size_t size, const struct profile *parent, unsigned slices)
{
    if (slices == parent->slices)
        snprintf(name, size, "MIG %s", parent->name);
    else
        snprintf(name, size, "MIG %uc.%s", slices, parent->name);
}

static unsigned compute_occupied(const struct gpu_instance *instance)
{
    unsigned taken = 0;
    for (unsigned i = 0; i < instance->compute_count; i++)
        taken |= ((1u << instance->compute[i].slices) - 1) << instance->compute[i].start;
    return taken;
}

/* The lowest place for so many slices; one past the end when there is none. */
static unsigned compute_place(unsigned taken, const struct profile *parent, unsigned slices)
{
    for (unsigned start = 0; start + slices <= parent->slices; start++)
        if ((taken & (((1u << slices) - 1) << start)) == 0)
            return start;
    return parent->slices;
}

struct compute_instance *compute_find(struct gpu_instance *instance, unsigned id)
{
    for (unsigned i = 0; i < instance->compute_count; i++)
        if (instance->compute[i].id == id)
            return &instance->compute[i];
    return NULL;
}

nvmlReturn_t compute_create(struct gpu *gpu, struct gpu_instance *instance, unsigned slices,
                            struct compute_instance **created)
{
    const struct profile *parent = profile_by_id(gpu->model, instance->profile_id);
    unsigned place = compute_place(compute_occupied(instance), parent, slices);
    unsigned at = 0;
    if (place == parent->slices)
        return NVML_ERROR_INSUFFICIENT_RESOURCES;
    while (at < instance->compute_count && instance->compute[at].id == at)
        at++;
    memmove(&instance->compute[at + 1], &instance->compute[at],
            (instance->compute_count - at) * sizeof instance->compute[0]);
    instance->compute_count++;
    instance->compute[at] =
        (struct compute_instance){.id = at, .slices = slices, .start = place, .born = ++gpu->born};
    *created = &instance->compute[at];
    capability_appear(gpu, instance, *created);
    return NVML_SUCCESS;
}

nvmlReturn_t compute_destroy(struct gpu *gpu, struct gpu_instance *instance, unsigned id)
{
    struct compute_instance *compute = compute_find(instance, id);
    if (compute == NULL)
        return NVML_ERROR_NOT_FOUND;
    if (capability_in_use(capability_minor(gpu, instance, compute)))
        return NVML_ERROR_IN_USE;
    capability_vanish(gpu, instance, compute);
    size_t after = &instance->compute[instance->compute_count] - (compute + 1);
    memmove(compute, compute + 1, after * sizeof *compute);
    instance->compute_count--;
    return NVML_SUCCESS;
}

static uint64_t hash(uint64_t value, const char *text)
{
    for (; *text != '\0'; text++)
        value = (value ^ (unsigned char)*text) * HASH_STEP;
    return value;
}

void compute_uuid(char *uuid, size_t size, const struct gpu *gpu, const struct gpu_instance *instance,
                  const struct compute_instance *compute)
{
    char place[64];
    snprintf(place, sizeof place, "/%u/%u/%u/%u/%u", instance->id, instance->profile_id, instance->start, compute->id,
             compute->slices);
    uint64_t high = hash(hash(HASH_START, gpu->uuid), place);
    uint64_t low = hash(high, "device");
    snprintf(uuid, size, "MIG-%08x-%04x-5%03x-%04x-%012llx", (unsigned)(high >> 32), (unsigned)(high >> 16) & 0xffff,
             (unsigned)high & 0xfff, (unsigned)(0x8000 | ((low >> 48) & 0x3fff)),
             (unsigned long long)(low & 0xffffffffffffull));
}

nvmlReturn_t mode_set(struct state *state, struct gpu *gpu, bool enable, nvmlReturn_t *activation)
{
    *activation = NVML_SUCCESS;
    if (gpu->model->mig_slices == 0)
        return NVML_ERROR_NOT_SUPPORTED;
    if (gpu->instance_count != 0 && !enable)
        return NVML_ERROR_IN_USE;
    if (gpu->mig == enable && gpu->pending == enable)
        return NVML_SUCCESS;
    if (!gpu->model->mode_needs_reset) {
        if (gpu_in_use(gpu, true))
            return NVML_ERROR_IN_USE;
        gpu->mig = gpu->pending = enable;
        return NVML_SUCCESS;
    }
    gpu->pending = enable;
    state_keep_mode(gpu);
    if (gpu->mig == enable)
        return NVML_SUCCESS;
    if (state->mig_reset_blocked)
        *activation = NVML_ERROR_NOT_SUPPORTED;
    else if (state->mig_reset_by_hand)
        *activation = NVML_ERROR_RESET_REQUIRED;
    else if (gpu_in_use(gpu, false))
        *activation = NVML_ERROR_IN_USE;
    else
        gpu_reset(gpu);
    return NVML_SUCCESS;
}

void gpu_reset(struct gpu *gpu)
{
    for (unsigned i = 0; i < gpu->instance_count; i++) {
        struct gpu_instance *instance = &gpu->instances[i];
        for (unsigned j = 0; j < instance->compute_count; j++)
            capability_vanish(gpu, instance, &instance->compute[j]);
        capability_vanish(gpu, instance, NULL);
    }
    gpu->instance_count = 0;
    gpu->mig = gpu->pending;
}
