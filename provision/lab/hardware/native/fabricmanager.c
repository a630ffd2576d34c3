/* nv-fabricmanager: brings up the fabric between GPUs with NVSwitches, for a driver of exactly its own version. */

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon.h"
#include "state.h"
#include "version.h"

#define LOG_FILE "/var/log/fabricmanager.log"
#define FOLDER "/var/run/nvidia-fabricmanager"
#define PID_FILE FOLDER "/nv-fabricmanager.pid"

static const char *const devices[] = {"nvidiactl", "nvidia-nvswitchctl", NULL};

static void log_line(const char *level, const char *text)
{
    char now[64];
    time_t seconds = time(NULL);
    struct tm local;
    FILE *file = fopen(LOG_FILE, "ae");
    if (file == NULL)
        return;
    localtime_r(&seconds, &local);
    strftime(now, sizeof now, "%b %d %Y %H:%M:%S", &local);
    fprintf(file, "[%s] [%s] [tid %d] %s\n", now, level, (int)getpid(), text);
    fclose(file);
}

static int fail(const char *text)
{
    log_line("ERROR", text);
    fprintf(stderr, "%s\n", text);
    return 1;
}

static bool has_switches(void)
{
    char path[512];
    unsigned found = 0;
    state_path(path, sizeof path, "tree/proc-driver/nvidia-nvswitch/devices");
    DIR *folder = opendir(path);
    if (folder == NULL)
        return false;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
        found += entry->d_name[0] != '.';
    closedir(folder);
    return found != 0;
}

/* The fabric is the GPUs' own where they have NVLink 5, without switches on the PCI bus. */
static bool has_fabric(const struct state *state)
{
    for (unsigned i = 0; i < state->gpu_count; i++)
        if (state->gpus[i].fabric != FABRIC_NONE)
            return true;
    return has_switches();
}

static bool complete(void)
{
    struct state *state = state_begin();
    if (state == NULL)
        return false;
    for (unsigned i = 0; i < state->gpu_count; i++)
        if (state->gpus[i].fabric == FABRIC_WAITING)
            state->gpus[i].fabric = FABRIC_COMPLETED;
    return state_commit();
}

static int check_version(const struct state *state)
{
    char text[512];
    const char *loaded = state->fabric_mismatch ? "0.0" : state->module_version;
    if (strcmp(loaded, driver_version) == 0)
        return 0;
    snprintf(text, sizeof text,
             "fabric manager NVIDIA GPU driver interface version %s don't match with driver version %s. Please update "
             "with matching NVIDIA driver package.",
             driver_version, loaded);
    return fail(text);
}

int main(int count, char **arguments)
{
    if (count > 1 && (strcmp(arguments[1], "--version") == 0 || strcmp(arguments[1], "-v") == 0)) {
        printf("Fabric Manager version is : %s\n", driver_version);
        return 0;
    }
    log_line("INFO", "Fabric Manager - initializing");
    const struct state *state = state_read();
    if (state == NULL || state->module_version[0] == '\0')
        return fail("failed to initialize NVML: Driver Not Loaded");
    int failed = check_version(state);
    if (failed != 0)
        return failed;
    if (!has_fabric(state))
        return fail("request to query NVSwitch device information from NVSwitch driver failed with error:WARNING "
                    "Nothing to do [NV_WARN_NOTHING_TO_DO]");
    if (!daemon_detach() || !complete())
        return fail("failed to configure the fabric");
    daemon_write_pid(FOLDER, PID_FILE);
    daemon_hold_gpus(devices);
    log_line("INFO", "Connected to 1 node.");
    log_line("INFO", "Successfully configured all the available NVSwitches to route GPU NVLink traffic. NVLink "
                     "Peer-to-Peer support will be enabled once the GPUs are successfully registered with the NVLink "
                     "fabric.");
    daemon_wait();
    unlink(PID_FILE);
    log_line("INFO", "Fabric Manager - stopped");
    return 0;
}
