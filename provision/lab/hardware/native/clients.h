/* Which processes hold the GPUs, and which device files this process may open: both read from the system itself. */
#ifndef CLIENTS_H
#define CLIENTS_H

#include <stdbool.h>
#include <stddef.h>

#define MAX_CLIENTS 128
#define MAX_CAPABILITIES 32

struct client {
    unsigned pid;
    bool control;  /* holds nvidiactl */
    bool computes; /* holds nvidia-uvm, as CUDA programs do */
    unsigned gpus; /* a bit per minor number of a GPU */
    unsigned capabilities[MAX_CAPABILITIES]; /* minor numbers of nvidia-caps */
    size_t capability_count;
};

/* Fill in the processes other than this one that hold a device file. Returns how many there are. */
size_t clients_find(struct client *clients, size_t size);

enum device_access { DEVICE_ALLOWED, DEVICE_FORBIDDEN, DEVICE_ABSENT };

/* Try to open a device file below /dev. One without a driver behind it answers ENXIO where it may be opened. */
enum device_access device_try(const char *name);

/* Hold a device file open, as a client of the driver does, without asking the driver. Returns -1 on failure. */
int device_hold(const char *name);

#endif
