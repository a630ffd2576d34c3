#include "capabilities.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define CAPS_MAJOR 509
#define FIRST_MINOR 3
#define MINORS_PER_INSTANCE 9
#define ROOT "tree/proc-driver/nvidia/capabilities"

unsigned capability_minor(const struct gpu *gpu, const struct gpu_instance *instance,
                          const struct compute_instance *compute)
{
    unsigned minor = FIRST_MINOR + (gpu->minor * MAX_INSTANCES + instance->id) * MINORS_PER_INSTANCE;
    return compute == NULL ? minor : minor + 1 + compute->id;
}

/* Write the path of an instance's directory, and make the directories on the way to it if wanted. */
static void folder(char *path, size_t size, const struct gpu *gpu, const struct gpu_instance *instance,
                   const struct compute_instance *compute, bool make)
{
    char parts[4][24];
    unsigned count = 3;
    snprintf(parts[0], sizeof parts[0], "gpu%u", gpu->minor);
    snprintf(parts[1], sizeof parts[1], "mig");
    snprintf(parts[2], sizeof parts[2], "gi%u", instance->id);
    if (compute != NULL)
        snprintf(parts[count++], sizeof parts[3], "ci%u", compute->id);
    state_path(path, size, ROOT);
    for (unsigned i = 0; i < count; i++) {
        size_t used = strlen(path);
        snprintf(path + used, size - used, "/%s", parts[i]);
        if (make)
            mkdir(path, 0555 | 0200);
    }
}

/* Make the device file. Only root may make a real one; a test's may be a plain file. */
static void make_node(unsigned minor)
{
    char node[600];
    snprintf(node, sizeof node, "%s/nvidia-caps", device_folder());
    mkdir(node, 0755);
    snprintf(node, sizeof node, "%s/nvidia-caps/nvidia-cap%u", device_folder(), minor);
    if (mknod(node, S_IFCHR | 0444, makedev(CAPS_MAJOR, minor)) == 0)
        chmod(node, 0444);
    else if (errno == EPERM && getenv("LAB_HARDWARE_DEV") != NULL)
        close(open(node, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
}

void capability_appear(const struct gpu *gpu, const struct gpu_instance *instance,
                       const struct compute_instance *compute)
{
    char path[600];
    unsigned minor = capability_minor(gpu, instance, compute);
    make_node(minor);
    folder(path, sizeof path - 16, gpu, instance, compute, true);
    strcat(path, "/access");
    FILE *file = fopen(path, "we");
    if (file == NULL)
        return;
    fprintf(file, "DeviceFileMinor: %u\nDeviceFileMode: 292\nDeviceFileModify: 1\n", minor);
    fclose(file);
}

void capability_vanish(const struct gpu *gpu, const struct gpu_instance *instance,
                       const struct compute_instance *compute)
{
    char path[600];
    folder(path, sizeof path - 16, gpu, instance, compute, false);
    size_t length = strlen(path);
    strcat(path, "/access");
    unlink(path);
    path[length] = '\0';
    rmdir(path);
}
