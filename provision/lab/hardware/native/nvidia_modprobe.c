/* nvidia-modprobe: the device files are there as soon as the module is, so all that is left is to say so. */

#include <stdio.h>
#include <string.h>

#include "state.h"
#include "version.h"

int main(int count, char **arguments)
{
    for (int i = 1; i < count; i++)
        if (strcmp(arguments[i], "--version") == 0 || strcmp(arguments[i], "-v") == 0) {
            printf("nvidia-modprobe:  version %s\n", driver_version);
            return 0;
        }
    const struct state *state = state_read();
    return state == NULL || state->module_version[0] == '\0' ? 1 : 0;
}
