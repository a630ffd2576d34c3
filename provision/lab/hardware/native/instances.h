/* What MIG does to a GPU: where instances may lie, where the driver puts them, and what stands in the way. */
#ifndef INSTANCES_H
#define INSTANCES_H

#include "nvml_api.h"
#include "state.h"

const struct profile *profile_by_id(const struct model *model, unsigned id);
const struct profile *profile_by_number(const struct model *model, unsigned nvml);

/* The profile that takes the whole GPU. */
const struct profile *profile_of_all(const struct model *model);

/* Tell whether an instance of this profile may be created at this memory slice now. */
bool placement_is_free(const struct gpu *gpu, const struct profile *profile, unsigned start);

/* How many more instances of this profile the GPU has room for. */
unsigned remaining_capacity(const struct gpu *gpu, const struct profile *profile);

/* Create an instance where it takes least from what could still be created, or at `*start`. */
nvmlReturn_t instance_create(struct gpu *gpu, const struct profile *profile, const unsigned *start,
                             struct gpu_instance **created);
nvmlReturn_t instance_destroy(struct gpu *gpu, unsigned id);
struct gpu_instance *instance_find(struct gpu *gpu, unsigned id);

/* Number of compute slices of a compute instance profile of NVML's enumeration; 0 for one that does not exist. */
unsigned compute_profile_slices(const struct profile *parent, unsigned nvml);
unsigned compute_profile_number(unsigned slices);
unsigned compute_profile_sms(const struct model *model, const struct profile *parent, unsigned slices);

/* Name of a compute instance: that of its GPU instance, led by its own slices where it does not have all. */
void compute_name(char *name, size_t size, const struct profile *parent, unsigned slices);
nvmlReturn_t compute_create(struct gpu *gpu, struct gpu_instance *instance, unsigned slices,
                            struct compute_instance **created);
nvmlReturn_t compute_destroy(struct gpu *gpu, struct gpu_instance *instance, unsigned id);
struct compute_instance *compute_find(struct gpu_instance *instance, unsigned id);

/* The UUID of the MIG device that a compute instance is: the same whenever it lies on the same place. */
void compute_uuid(char *uuid, size_t size, const struct gpu *gpu, const struct gpu_instance *instance,
                  const struct compute_instance *compute);

/* Change the MIG mode. `activation` tells why a change is only pending. */
nvmlReturn_t mode_set(struct state *state, struct gpu *gpu, bool enable, nvmlReturn_t *activation);

/* What a reset of the GPU does: a pending mode becomes the current one, instances are gone. */
void gpu_reset(struct gpu *gpu);

/* Tell whether any process other than this one holds the GPU; `computing` asks only for CUDA programs. */
bool gpu_in_use(const struct gpu *gpu, bool computing);

#endif
