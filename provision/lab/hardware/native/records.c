#include "records.h"

#include <stdlib.h>
#include <string.h>

/* Copy the value of a field out of a line; an empty text when the line does not have it. */
static void field(const char *line, const char *key, char *value, size_t size)
{
    size_t length = strlen(key);
    value[0] = '\0';
    for (const char *at = strchr(line, '\t'); at != NULL; at = strchr(at + 1, '\t')) {
        if (strncmp(at + 1, key, length) == 0 && at[1 + length] == '=') {
            const char *start = at + length + 2;
            size_t end = strcspn(start, "\t\n");
            if (end >= size)
                end = size - 1;
            memcpy(value, start, end);
            value[end] = '\0';
            return;
        }
    }
}

static unsigned long number(const char *line, const char *key)
{
    char text[64];
    field(line, key, text, sizeof text);
    return strtoul(text, NULL, 0);
}

static bool matches(const char *line, const char *key, const char *wanted)
{
    char text[64];
    field(line, key, text, sizeof text);
    return strcmp(text, wanted) == 0;
}

static bool is_kind(const char *line, const char *kind)
{
    size_t length = strlen(kind);
    return strncmp(line, kind, length) == 0 && line[length] == '\t';
}

static struct model *find_model(struct state *state, const char *line, const char *key)
{
    for (unsigned i = 0; i < state->model_count; i++)
        if (matches(line, key, state->models[i].id))
            return &state->models[i];
    return NULL;
}

static void read_model(struct state *state, const char *line)
{
    if (state->model_count == MAX_MODELS)
        return;
    struct model *model = &state->models[state->model_count++];
    field(line, "id", model->id, sizeof model->id);
    field(line, "name", model->name, sizeof model->name);
    model->architecture = number(line, "architecture");
    model->cc_major = number(line, "cc_major");
    model->cc_minor = number(line, "cc_minor");
    model->memory = number(line, "memory");
    model->power = number(line, "power");
    model->mig_slices = number(line, "mig_slices");
    model->slice_sms = number(line, "slice_sms");
    model->mode_needs_reset = matches(line, "mode_change", "reset");
    model->mode_survives_reboot = matches(line, "mode_survives", "reboot");
}

static void read_profile(struct state *state, const char *line)
{
    struct model *model = find_model(state, line, "model");
    if (model == NULL || model->profile_count == MAX_PROFILES)
        return;
    struct profile *profile = &model->profiles[model->profile_count++];
    field(line, "name", profile->name, sizeof profile->name);
    profile->id = number(line, "id");
    profile->nvml = number(line, "nvml");
    profile->count = number(line, "count");
    profile->slices = number(line, "slices");
    profile->size = number(line, "size");
    profile->memory = number(line, "memory");
    profile->multiprocessors = number(line, "multiprocessors");
    profile->copy_engines = number(line, "copy_engines");
    profile->decoders = number(line, "decoders");
    profile->encoders = number(line, "encoders");
    profile->jpeg = number(line, "jpeg");
    profile->ofa = number(line, "ofa");
    char starts[64];
    field(line, "starts", starts, sizeof starts);
    for (char *at = starts; *at != '\0' && profile->start_count < MAX_STARTS;) {
        profile->starts[profile->start_count++] = strtoul(at, &at, 10);
        at += *at == ',';
    }
}

static void read_gpu(struct state *state, const char *line)
{
    struct model *model = find_model(state, line, "model");
    if (model == NULL || state->gpu_count == MAX_GPUS)
        return;
    struct gpu *gpu = &state->gpus[state->gpu_count++];
    gpu->model = model;
    gpu->index = number(line, "index");
    gpu->minor = number(line, "minor");
    field(line, "pci", gpu->pci, sizeof gpu->pci);
    gpu->device = number(line, "device");
    gpu->subsystem = number(line, "subsystem");
    field(line, "uuid", gpu->uuid, sizeof gpu->uuid);
    field(line, "serial", gpu->serial, sizeof gpu->serial);
    gpu->persistence = number(line, "persistence") != 0;
    gpu->mig = number(line, "mig") != 0;
    gpu->pending = number(line, "pending") != 0;
    gpu->lost = number(line, "lost") != 0;
    gpu->fabric = matches(line, "fabric", "waiting")     ? FABRIC_WAITING
                  : matches(line, "fabric", "completed") ? FABRIC_COMPLETED
                                                         : FABRIC_NONE;
    gpu->born = number(line, "born");
}

static struct gpu *gpu_of(struct state *state, const char *line)
{
    unsigned long index = number(line, "gpu");
    return index < state->gpu_count ? &state->gpus[index] : NULL;
}

static void read_gpu_instance(struct state *state, const char *line)
{
    struct gpu *gpu = gpu_of(state, line);
    if (gpu == NULL || gpu->instance_count == MAX_INSTANCES)
        return;
    struct gpu_instance *instance = &gpu->instances[gpu->instance_count++];
    instance->id = number(line, "id");
    instance->profile_id = number(line, "profile");
    instance->start = number(line, "start");
    instance->born = number(line, "born");
}

static void read_compute_instance(struct state *state, const char *line)
{
    struct gpu *gpu = gpu_of(state, line);
    unsigned long parent = number(line, "gi");
    for (unsigned i = 0; gpu != NULL && i < gpu->instance_count; i++) {
        struct gpu_instance *instance = &gpu->instances[i];
        if (instance->id != parent || instance->compute_count == MAX_COMPUTE)
            continue;
        struct compute_instance *compute = &instance->compute[instance->compute_count++];
        compute->id = number(line, "id");
        compute->slices = number(line, "slices");
        compute->start = number(line, "start");
        compute->born = number(line, "born");
    }
}

bool record_read(struct state *state, const char *line)
{
    if (is_kind(line, "gpu")) {
        read_gpu(state, line);
        return true;
    }
    if (is_kind(line, "gi")) {
        read_gpu_instance(state, line);
        return true;
    }
    if (is_kind(line, "ci")) {
        read_compute_instance(state, line);
        return true;
    }
    if (is_kind(line, "model"))
        read_model(state, line);
    else if (is_kind(line, "profile"))
        read_profile(state, line);
    else if (is_kind(line, "module") && matches(line, "name", "nvidia"))
        field(line, "version", state->module_version, sizeof state->module_version);
    else if (is_kind(line, "fault")) {
        state->mismatch |= matches(line, "name", "library_mismatch");
        state->mig_reset_blocked |= matches(line, "name", "mig_reset_blocked");
        state->mig_reset_by_hand |= matches(line, "name", "mig_reset_by_hand");
        state->fabric_mismatch |= matches(line, "name", "fabric_manager_mismatch");
    }
    return false;
}

static void write_instances(FILE *file, const struct gpu *gpu)
{
    for (unsigned i = 0; i < gpu->instance_count; i++) {
        const struct gpu_instance *instance = &gpu->instances[i];
        fprintf(file, "gi\tgpu=%u\tid=%u\tprofile=%u\tstart=%u\tborn=%lu\n", gpu->index, instance->id,
                instance->profile_id, instance->start, instance->born);
        for (unsigned j = 0; j < instance->compute_count; j++) {
            const struct compute_instance *compute = &instance->compute[j];
            fprintf(file, "ci\tgpu=%u\tgi=%u\tid=%u\tslices=%u\tstart=%u\tborn=%lu\n", gpu->index, instance->id,
                    compute->id, compute->slices, compute->start, compute->born);
        }
    }
}

void records_write(FILE *file, const struct state *state)
{
    static const char *const fabrics[] = {"none", "waiting", "completed"};
    for (unsigned i = 0; i < state->gpu_count; i++) {
        const struct gpu *gpu = &state->gpus[i];
        fprintf(file, "gpu\tindex=%u\tminor=%u\tmodel=%s\tpci=%s\tdevice=0x%08x\tsubsystem=0x%08x\tuuid=%s\tserial=%s",
                gpu->index, gpu->minor, gpu->model->id, gpu->pci, gpu->device, gpu->subsystem, gpu->uuid,
                gpu->serial);
        fprintf(file, "\tpersistence=%d\tmig=%d\tpending=%d\tfabric=%s\tlost=%d\tborn=%lu\n", gpu->persistence,
                gpu->mig, gpu->pending, fabrics[gpu->fabric], gpu->lost, gpu->born);
        write_instances(file, gpu);
    }
}
