/*
 * The state of the simulated GPUs, read from and written to one file of lines (see host/state.py for its form).
 * Every call that changes something takes the lock, reads the file anew and replaces it as a whole.
 */
#ifndef STATE_H
#define STATE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * For tests without a container: LAB_HARDWARE_STATE names another directory than /run/lab-hardware,
 * LAB_HARDWARE_DEV another one than /dev, and LAB_HARDWARE_CONTAINER makes the rules of a container hold.
 */

#define MAX_GPUS 16
#define MAX_MODELS 4
#define MAX_PROFILES 18
#define MAX_STARTS 8
#define MAX_INSTANCES 15
#define MAX_COMPUTE 8

struct profile {
    char name[48];
    unsigned id, nvml, count;
    unsigned slices;                      /* of computing power */
    unsigned size, starts[MAX_STARTS], start_count; /* in memory slices */
    unsigned long memory;                 /* MiB */
    unsigned multiprocessors, copy_engines, decoders, encoders, jpeg, ofa;
};

struct model {
    char id[48];
    char name[96];
    unsigned architecture, cc_major, cc_minor;
    unsigned long memory; /* MiB */
    unsigned power;       /* watts */
    unsigned mig_slices;  /* memory slices; 0 for a GPU without MIG */
    unsigned slice_sms;
    bool mode_needs_reset, mode_survives_reboot;
    struct profile profiles[MAX_PROFILES];
    unsigned profile_count;
};

struct compute_instance {
    unsigned id, slices, start;
    unsigned long born; /* which creation on this GPU it was: tells a kept instance from a re-made one */
};

struct gpu_instance {
    unsigned id, profile_id, start;
    unsigned long born;
    struct compute_instance compute[MAX_COMPUTE];
    unsigned compute_count;
};

enum fabric { FABRIC_NONE, FABRIC_WAITING, FABRIC_COMPLETED };

struct gpu {
    unsigned index, minor;
    struct model *model;
    char pci[20]; /* 00000000:1B:00.0 */
    unsigned device, subsystem;
    char uuid[64];
    char serial[32];
    bool persistence, mig, pending, lost;
    enum fabric fabric;
    unsigned long born; /* creations so far */
    struct gpu_instance instances[MAX_INSTANCES];
    unsigned instance_count;
};

struct state {
    char module_version[64]; /* of the loaded nvidia module; empty when it is not loaded */
    bool mismatch, mig_reset_blocked, mig_reset_by_hand, fabric_mismatch;
    struct model models[MAX_MODELS];
    unsigned model_count;
    struct gpu gpus[MAX_GPUS];
    unsigned gpu_count;
};

/* Return the state as it is now, or NULL where the host has none. The result is valid until the next call. */
struct state *state_read(void);

/* Take the lock and return the state to change. NULL with errno set when that is not allowed here. */
struct state *state_begin(void);

/* Write the state and give the lock back. False when it could not be written. */
bool state_commit(void);

/* Give the lock back and forget the changes. */
void state_abort(void);

/* Tell whether this is a container: the state can be read but not written by anybody. */
bool state_in_container(void);

/* Write the path of something in the state's directory. */
void state_path(char *path, size_t size, const char *name);

/* Keep the MIG mode that a GPU comes up with in its own memory, where its kind has that. */
bool state_keep_mode(const struct gpu *gpu);

const char *device_folder(void);

#endif
