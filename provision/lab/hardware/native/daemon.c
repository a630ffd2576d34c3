#include "daemon.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clients.h"
#include "state.h"

bool daemon_detach(void)
{
    pid_t child = fork();
    if (child < 0)
        return false;
    if (child > 0)
        _exit(0);
    setsid();
    int null = open("/dev/null", O_RDWR);
    if (null >= 0) {
        dup2(null, 0);
        dup2(null, 1);
        dup2(null, 2);
        if (null > 2)
            close(null);
    }
    return true;
}

void daemon_write_pid(const char *folder, const char *path)
{
    mkdir(folder, 0755);
    FILE *file = fopen(path, "we");
    if (file == NULL)
        return;
    fprintf(file, "%d\n", (int)getpid());
    fclose(file);
}

void daemon_hold_gpus(const char *const *others)
{
    const struct state *state = state_read();
    for (unsigned i = 0; others[i] != NULL; i++)
        device_hold(others[i]);
    for (unsigned i = 0; state != NULL && i < state->gpu_count; i++) {
        char name[24];
        snprintf(name, sizeof name, "nvidia%u", state->gpus[i].minor);
        device_hold(name);
    }
}

void daemon_wait(void)
{
    sigset_t ends;
    int which;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    sigwait(&ends, &which);
}
