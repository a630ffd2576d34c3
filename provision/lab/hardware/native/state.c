#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "records.h"

#define FOLDER "/run/lab-hardware"
#define PERSISTENT "/var/lib/lab-hardware"
#define KEPT_SIZE 65536
#define LINE_SIZE 2048

static struct state current;
static struct stat seen;
static char kept[KEPT_SIZE]; /* the lines that the doubles never change, as they were read */
static int lock = -1;

static const char *folder(void)
{
    const char *given = getenv("LAB_HARDWARE_STATE");
    return given != NULL && *given != '\0' ? given : FOLDER;
}

const char *device_folder(void)
{
    const char *given = getenv("LAB_HARDWARE_DEV");
    return given != NULL && *given != '\0' ? given : "/dev";
}

void state_path(char *path, size_t size, const char *name)
{
    snprintf(path, size, "%s/%s", folder(), name);
}

bool state_in_container(void)
{
    struct statvfs mount;
    if (getenv("LAB_HARDWARE_CONTAINER") != NULL)
        return true;
    return statvfs(folder(), &mount) == 0 && (mount.f_flag & ST_RDONLY) != 0;
}

static bool unchanged(const struct stat *now)
{
    return seen.st_ino == now->st_ino && seen.st_size == now->st_size &&
           seen.st_mtim.tv_sec == now->st_mtim.tv_sec && seen.st_mtim.tv_nsec == now->st_mtim.tv_nsec;
}

static struct state *load(bool always)
{
    char path[512], line[LINE_SIZE];
    struct stat now;
    state_path(path, sizeof path, "state");
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return NULL;
    if (fstat(fileno(file), &now) == 0 && !always && unchanged(&now)) {
        fclose(file);
        return &current;
    }
    memset(&current, 0, sizeof current);
    size_t length = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        size_t size = strlen(line);
        if (!record_read(&current, line) && length + size < sizeof kept) {
            memcpy(kept + length, line, size);
            length += size;
        }
    }
    kept[length] = '\0';
    seen = now;
    fclose(file);
    return &current;
}

struct state *state_read(void)
{
    return load(false);
}

struct state *state_begin(void)
{
    char path[512];
    state_path(path, sizeof path, "state.lock");
    if (access(folder(), W_OK) != 0)
        return NULL;
    lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (lock < 0)
        return NULL;
    if (flock(lock, LOCK_EX) != 0) {
        close(lock);
        lock = -1;
        return NULL;
    }
    struct state *state = load(true);
    if (state == NULL)
        state_abort();
    return state;
}

bool state_commit(void)
{
    char path[512], fresh[520];
    state_path(path, sizeof path, "state");
    snprintf(fresh, sizeof fresh, "%s.new", path);
    FILE *file = fopen(fresh, "we");
    bool written = false;
    if (file != NULL) {
        fputs(kept, file);
        records_write(file, &current);
        written = fflush(file) == 0 && fchmod(fileno(file), 0644) == 0;
        written = fclose(file) == 0 && written && rename(fresh, path) == 0;
    }
    state_abort();
    return written;
}

void state_abort(void)
{
    int saved = errno;
    memset(&seen, 0, sizeof seen);
    if (lock >= 0)
        close(lock);
    lock = -1;
    errno = saved;
}

bool state_keep_mode(const struct gpu *gpu)
{
    char path[640];
    if (!gpu->model->mode_survives_reboot)
        return true;
    snprintf(path, sizeof path, "%s", getenv("LAB_HARDWARE_STATE") != NULL ? folder() : PERSISTENT);
    mkdir(path, 0755);
    strncat(path, "/inforom", sizeof path - strlen(path) - 1);
    mkdir(path, 0755);
    snprintf(path + strlen(path), sizeof path - strlen(path), "/%s", gpu->uuid);
    FILE *file = fopen(path, "we");
    if (file == NULL)
        return false;
    fprintf(file, "%d\n", gpu->pending);
    return fclose(file) == 0;
}
