/* nvidia-persistenced: keeps the GPUs initialised, by persistence mode while it runs. */

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "daemon.h"
#include "state.h"
#include "version.h"

#define FOLDER "/var/run/nvidia-persistenced"
#define PID_FILE FOLDER "/nvidia-persistenced.pid"

static const char *const devices[] = {"nvidiactl", NULL};

static bool set_mode(bool on)
{
    struct state *state = state_begin();
    if (state == NULL)
        return false;
    for (unsigned i = 0; i < state->gpu_count; i++)
        state->gpus[i].persistence = on;
    return state_commit();
}

static int fail(const char *reason)
{
    openlog("nvidia-persistenced", LOG_PID, LOG_DAEMON);
    syslog(LOG_ERR, "%s", reason);
    fprintf(stderr, "nvidia-persistenced failed to initialize. Check syslog for more details.\n");
    return 1;
}

/* The driver answers only to a library of its own version. */
static const char *driver_problem(void)
{
    const struct state *state = state_read();
    if (state == NULL || state->module_version[0] == '\0')
        return "Failed to query NVIDIA devices. Please ensure that the NVIDIA device files (/dev/nvidia*) exist, and "
               "that user 0 has read and write permissions for those files.";
    if (state->mismatch || strcmp(state->module_version, driver_version) != 0)
        return "Failed to initialize: driver/library version mismatch.";
    return NULL;
}

/* Run as the user that was asked for, keeping the right to switch persistence off at the end. */
static bool become(const char *name)
{
    struct passwd *user = getpwnam(name);
    if (user == NULL)
        return false;
    chown(FOLDER, user->pw_uid, user->pw_gid);
    return setgroups(0, NULL) == 0 && setegid(user->pw_gid) == 0 && seteuid(user->pw_uid) == 0;
}

int main(int count, char **arguments)
{
    const char *user = NULL;
    bool persistence = true;
    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "--version") == 0) {
            printf("nvidia-persistenced:  version %s\n", driver_version);
            return 0;
        }
        if (strcmp(arguments[i], "--no-persistence-mode") == 0)
            persistence = false;
        else if (strcmp(arguments[i], "--user") == 0 && i + 1 < count)
            user = arguments[++i];
        else if (strncmp(arguments[i], "--user=", 7) == 0)
            user = arguments[i] + 7;
    }
    const char *problem = driver_problem();
    if (problem != NULL)
        return fail(problem);
    if (!daemon_detach())
        return fail(strerror(errno));
    daemon_write_pid(FOLDER, PID_FILE);
    set_mode(persistence);
    daemon_hold_gpus(devices);
    if (user != NULL && !become(user))
        return fail("Failed to drop privileges.");
    openlog("nvidia-persistenced", LOG_PID, LOG_DAEMON);
    syslog(LOG_NOTICE, "Started (%d)", (int)getpid());
    daemon_wait();
    if (seteuid(0) == 0)
        set_mode(false);
    unlink(PID_FILE);
    syslog(LOG_NOTICE, "Shutdown (%d)", (int)getpid());
    return 0;
}
