/* Lines of the state file: a kind, then key=value fields, separated by tabs. */
#ifndef RECORDS_H
#define RECORDS_H

#include <stdio.h>

#include "state.h"

/* Read one line into the state. Returns false for a line that the doubles do not change and must keep as it is. */
bool record_read(struct state *state, const char *line);

/* Write the lines of all GPUs and instances. */
void records_write(FILE *file, const struct state *state);

#endif
