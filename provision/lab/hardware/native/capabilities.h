/* How instances show outside NVML: capability files below /proc/driver/nvidia, and their device files. */
#ifndef CAPABILITIES_H
#define CAPABILITIES_H

#include "state.h"

/* Minor number of an instance's capability, as /proc/driver/nvidia-caps/mig-minors lists them. NULL: the whole. */
unsigned capability_minor(const struct gpu *gpu, const struct gpu_instance *instance,
                          const struct compute_instance *compute);

void capability_appear(const struct gpu *gpu, const struct gpu_instance *instance,
                       const struct compute_instance *compute);

/* The device file stays, as it does on a real host: only the driver no longer knows it. */
void capability_vanish(const struct gpu *gpu, const struct gpu_instance *instance,
                       const struct compute_instance *compute);

#endif
