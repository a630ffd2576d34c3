/* Arithmetic of memory slices. */
#ifndef PLACEMENTS_H
#define PLACEMENTS_H

#include "state.h"

/* The placement, among those that are free, that takes least from what could still be created. False if none. */
bool placement_choose(const struct gpu *gpu, const struct profile *profile, unsigned *start);

/* The id that the driver gives to an instance of this size at this place. */
unsigned placement_id(const struct model *model, const struct profile *profile, unsigned start);

#endif
