/* What the driver's daemons share: going to the background, a process id file, waiting to be ended. */
#ifndef DAEMON_H
#define DAEMON_H

#include <stdbool.h>

/* Leave the terminal: the parent exits with 0 once the child runs. */
bool daemon_detach(void);

/* Write this process's id into a file, making its directory. */
void daemon_write_pid(const char *folder, const char *path);

/* Hold the device files of the driver as a client does. */
void daemon_hold_gpus(const char *const *others);

/* Wait for SIGTERM or SIGINT. */
void daemon_wait(void);

#endif
