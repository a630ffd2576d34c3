/* What the files of the library share: handles, and the checks that every call begins with. */
#ifndef NVML_INTERNAL_H
#define NVML_INTERNAL_H

#include "instances.h"
#include "nvml_api.h"
#include "state.h"

struct nvml_device {
    unsigned gpu;
    bool mig; /* a MIG device: a compute instance with its GPU instance */
    unsigned gi, ci;
};

struct nvml_gpu_instance {
    unsigned gpu, gi;
};

struct nvml_compute_instance {
    unsigned gpu, gi, ci;
};

nvmlDevice_t handle_of_gpu(unsigned gpu);
nvmlDevice_t handle_of_mig_device(unsigned gpu, unsigned gi, unsigned ci);
nvmlGpuInstance_t handle_of_instance(unsigned gpu, unsigned gi);
nvmlComputeInstance_t handle_of_compute(unsigned gpu, unsigned gi, unsigned ci);

/* Check that the library is initialised and read the state. */
nvmlReturn_t enter(struct state **state);

/* The same for a call on a GPU; a MIG device's handle is refused. */
nvmlReturn_t enter_gpu(nvmlDevice_t device, struct gpu **gpu);

/* The same for a call that a MIG device answers, too: `instance` and `compute` are NULL for a whole GPU. */
nvmlReturn_t enter_device(nvmlDevice_t device, struct gpu **gpu, struct gpu_instance **instance,
                          struct compute_instance **compute);

/* The same for a call that changes a GPU: takes the lock. To be ended by `leave`. */
nvmlReturn_t enter_to_change(nvmlDevice_t device, struct state **state, struct gpu **gpu);

/* End a change: write it if the result is a success, forget it otherwise. */
nvmlReturn_t leave(nvmlReturn_t result);

/* Tell whether this process sees a GPU: on the host all, in a container those whose device file may be opened. */
bool gpu_is_visible(const struct gpu *gpu);
bool instance_is_visible(const struct gpu *gpu, const struct gpu_instance *instance,
                         const struct compute_instance *compute);

/* Put a text into the caller's buffer. */
nvmlReturn_t give_text(char *buffer, unsigned size, const char *text);

#endif
