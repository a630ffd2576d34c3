#include "placements.h"

#include <string.h>

#include "instances.h"

static unsigned mask(unsigned start, unsigned size)
{
    return ((1u << size) - 1) << start;
}

const struct profile *profile_by_id(const struct model *model, unsigned id)
{
    for (unsigned i = 0; i < model->profile_count; i++)
        if (model->profiles[i].id == id)
            return &model->profiles[i];
    return NULL;
}

const struct profile *profile_by_number(const struct model *model, unsigned nvml)
{
    for (unsigned i = 0; i < model->profile_count; i++)
        if (model->profiles[i].nvml == nvml)
            return &model->profiles[i];
    return NULL;
}

const struct profile *profile_of_all(const struct model *model)
{
    for (unsigned i = 0; i < model->profile_count; i++)
        if (model->profiles[i].size == model->mig_slices)
            return &model->profiles[i];
    return NULL;
}

static unsigned occupied(const struct gpu *gpu)
{
    unsigned taken = 0;
    for (unsigned i = 0; i < gpu->instance_count; i++) {
        const struct profile *profile = profile_by_id(gpu->model, gpu->instances[i].profile_id);
        taken |= mask(gpu->instances[i].start, profile->size);
    }
    return taken;
}

static unsigned created(const struct gpu *gpu, const struct profile *profile)
{
    unsigned count = 0;
    for (unsigned i = 0; i < gpu->instance_count; i++)
        count += gpu->instances[i].profile_id == profile->id;
    return count;
}

/* Media engines are shared out, too: one optical flow accelerator means one instance with it. */
static unsigned engines_left(const struct gpu *gpu, const struct profile *profile)
{
    const struct profile *all = profile_of_all(gpu->model);
    unsigned jpeg = all->jpeg, ofa = all->ofa, decoders = all->decoders, encoders = all->encoders;
    for (unsigned i = 0; i < gpu->instance_count; i++) {
        const struct profile *other = profile_by_id(gpu->model, gpu->instances[i].profile_id);
        jpeg -= other->jpeg;
        ofa -= other->ofa;
        decoders -= other->decoders;
        encoders -= other->encoders;
    }
    unsigned left = MAX_STARTS;
    if (profile->jpeg != 0 && jpeg / profile->jpeg < left)
        left = jpeg / profile->jpeg;
    if (profile->ofa != 0 && ofa / profile->ofa < left)
        left = ofa / profile->ofa;
    if (profile->decoders != 0 && decoders / profile->decoders < left)
        left = decoders / profile->decoders;
    if (profile->encoders != 0 && encoders / profile->encoders < left)
        left = encoders / profile->encoders;
    return left;
}

bool placement_is_free(const struct gpu *gpu, const struct profile *profile, unsigned start)
{
    if (engines_left(gpu, profile) == 0 || created(gpu, profile) >= profile->count)
        return false;
    return (occupied(gpu) & mask(start, profile->size)) == 0;
}

unsigned remaining_capacity(const struct gpu *gpu, const struct profile *profile)
{
    unsigned taken = occupied(gpu), room = 0, engines = engines_left(gpu, profile);
    /* Placements of one profile do not overlap in the tables, so counting the free ones is exact. */
    for (unsigned i = 0; i < profile->start_count; i++)
        room += (taken & mask(profile->starts[i], profile->size)) == 0;
    unsigned allowed = profile->count - created(gpu, profile);
    if (room > allowed)
        room = allowed;
    return room < engines ? room : engines;
}

/* Memory slices of all placements that are free now and would not be with this one taken. */
static unsigned cost(const struct gpu *gpu, unsigned taken, unsigned chosen)
{
    unsigned lost = 0;
    for (unsigned i = 0; i < gpu->model->profile_count; i++) {
        const struct profile *profile = &gpu->model->profiles[i];
        for (unsigned j = 0; j < profile->start_count; j++) {
            unsigned other = mask(profile->starts[j], profile->size);
            if ((other & taken) == 0 && (other & chosen) != 0)
                lost += profile->size;
        }
    }
    return lost;
}

bool placement_choose(const struct gpu *gpu, const struct profile *profile, unsigned *start)
{
    unsigned taken = occupied(gpu), best = 0;
    bool found = false;
    for (unsigned i = 0; i < profile->start_count; i++) {
        if (!placement_is_free(gpu, profile, profile->starts[i]))
            continue;
        unsigned lost = cost(gpu, taken, mask(profile->starts[i], profile->size));
        if (!found || lost < best) {
            found = true;
            best = lost;
            *start = profile->starts[i];
        }
    }
    return found;
}

unsigned placement_id(const struct model *model, const struct profile *profile, unsigned start)
{
    unsigned places = model->mig_slices / profile->size;
    /* A tree of halves, upper half first: 0 the whole, 1 and 2 the halves, 3 to 6 the quarters, and so on. */
    return places - 1 + (start / profile->size + places / 2) % places;
}
