/* What the `nvidia-smi mig` commands share. */
#ifndef SMI_MIG_H
#define SMI_MIG_H

#include "smi.h"

#define MAX_FOUND 64

struct mig_options {
    const char *ids;               /* -i */
    const char *create;            /* -cgi */
    bool with_compute;             /* -C */
    bool profiles, placements, list, destroy;
    bool compute_list, compute_destroy;
};

/* One GPU instance, with what is printed of it. */
struct found_instance {
    const struct target *target;
    nvmlGpuInstance_t handle;
    nvmlGpuInstanceInfo_t info;
    char name[NVML_NAME_V2]; /* MIG 3g.20gb */
};

struct found_compute {
    const struct found_instance *parent;
    nvmlComputeInstance_t handle;
    nvmlComputeInstanceInfo_t info;
    char name[NVML_NAME_V2];
};

/* All GPU instances, by profile as NVML counts them, then by id. */
unsigned instances_find(const struct target *targets, unsigned count, struct found_instance *found);
unsigned computes_find(const struct found_instance *instances, unsigned count, struct found_compute *found);

int mig_profiles(const struct target *targets, unsigned count);
int mig_placements(const struct target *targets, unsigned count);
int mig_list(const struct target *targets, unsigned count);
int mig_compute_list(const struct target *targets, unsigned count);
int mig_create(const struct target *targets, unsigned count, const struct mig_options *options);
int mig_destroy(const struct target *targets, unsigned count);
int mig_compute_destroy(const struct target *targets, unsigned count);

/* Say that nothing of a kind was found, and return the exit code for it. */
int none_found(const char *what);

#endif
