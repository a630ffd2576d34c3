#include "clients.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "state.h"

#ifndef O_PATH
#define O_PATH 010000000
#endif

/* Note what one open file says about its process. Returns false for a file that is not ours. */
static bool note(struct client *client, const char *path)
{
    const char *base = device_folder();
    size_t length = strlen(base);
    if (strncmp(path, base, length) != 0 || strncmp(path + length, "/nvidia", 7) != 0)
        return false;
    const char *rest = path + length + 7;
    if (isdigit((unsigned char)*rest))
        client->gpus |= 1u << strtoul(rest, NULL, 10);
    else if (strncmp(rest, "ctl", 3) == 0)
        client->control = true;
    else if (strcmp(rest, "-uvm") == 0)
        client->computes = true;
    else if (strncmp(rest, "-caps/nvidia-cap", 16) == 0 && client->capability_count < MAX_CAPABILITIES)
        client->capabilities[client->capability_count++] = strtoul(rest + 16, NULL, 10);
    return true;
}

static bool look_at(struct client *client, const char *pid)
{
    char folder[64], link[128], path[256];
    bool holds = false;
    snprintf(folder, sizeof folder, "/proc/%.16s/fd", pid);
    DIR *files = opendir(folder);
    if (files == NULL)
        return false;
    memset(client, 0, sizeof *client);
    client->pid = strtoul(pid, NULL, 10);
    for (struct dirent *file = readdir(files); file != NULL; file = readdir(files)) {
        snprintf(link, sizeof link, "%s/%.16s", folder, file->d_name);
        ssize_t size = readlink(link, path, sizeof path - 1);
        if (size > 0) {
            path[size] = '\0';
            holds |= note(client, path);
        }
    }
    closedir(files);
    return holds;
}

size_t clients_find(struct client *clients, size_t size)
{
    size_t found = 0;
    DIR *processes = opendir("/proc");
    if (processes == NULL)
        return 0;
    for (struct dirent *entry = readdir(processes); entry != NULL && found < size; entry = readdir(processes)) {
        if (!isdigit((unsigned char)entry->d_name[0]) || strtol(entry->d_name, NULL, 10) == getpid())
            continue;
        if (look_at(&clients[found], entry->d_name))
            found++;
    }
    closedir(processes);
    return found;
}

enum device_access device_try(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", device_folder(), name);
    int descriptor = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (descriptor >= 0) {
        close(descriptor);
        return DEVICE_ALLOWED;
    }
    if (errno == ENXIO || errno == ENODEV)
        return DEVICE_ALLOWED;
    return errno == ENOENT ? DEVICE_ABSENT : DEVICE_FORBIDDEN;
}

int device_hold(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", device_folder(), name);
    return open(path, O_PATH | O_CLOEXEC);
}
