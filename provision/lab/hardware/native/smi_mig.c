#include "smi_mig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "version.h"

#define FIRST_BRANCH_THAT_SUCCEEDS 550 /* where there is no GPU with MIG switched on */

struct mig_option {
    const char *brief, *name;
    bool *flag;
    const char **value;
};

static int read_options(struct mig_options *options, int count, char **arguments)
{
    const struct mig_option known[] = {
        {"-i", "--id", NULL, &options->ids},
        {"-lgip", "--list-gpu-instance-profiles", &options->profiles, NULL},
        {"-lgipp", "--list-gpu-instance-possible-placements", &options->placements, NULL},
        {"-C", "--default-compute-instance", &options->with_compute, NULL},
        {"-cgi", "--create-gpu-instance", NULL, &options->create},
        {"-dgi", "--destroy-gpu-instance", &options->destroy, NULL},
        {"-lgi", "--list-gpu-instances", &options->list, NULL},
        {"-dci", "--destroy-compute-instance", &options->compute_destroy, NULL},
        {"-lci", "--list-compute-instances", &options->compute_list, NULL},
    };
    for (int i = 0; i < count; i++) {
        const struct mig_option *option = NULL;
        const char *value = NULL;
        for (size_t j = 0; j < sizeof known / sizeof known[0]; j++) {
            size_t length = strlen(known[j].name);
            if (strcmp(arguments[i], known[j].brief) == 0 || strcmp(arguments[i], known[j].name) == 0)
                option = &known[j];
            else if (strncmp(arguments[i], known[j].name, length) == 0 && arguments[i][length] == '=') {
                option = &known[j];
                value = arguments[i] + length + 1;
            }
        }
        bool more = i + 1 < count;
        if (option == NULL || (option->value != NULL && value == NULL && !more)) {
            printf("Option \"%s\" is not recognized.\n\n", arguments[i]);
            return NVML_ERROR_INVALID_ARGUMENT;
        }
        if (option->flag != NULL)
            *option->flag = true;
        if (option->value != NULL)
            *option->value = value != NULL ? value : arguments[++i];
    }
    return 0;
}

int none_found(const char *what)
{
    printf("No %s found: %s\n", what, text_of(NVML_ERROR_NOT_FOUND));
    return NVML_ERROR_NOT_FOUND;
}

/* Keep only the GPUs with MIG switched on. Returns an exit code where none is left, else -1. */
static int keep_enabled(struct target *targets, unsigned *count)
{
    unsigned supported = 0, enabled = 0;
    for (unsigned i = 0; i < *count; i++) {
        unsigned current = 0, pending = 0;
        if (nvml.nvmlDeviceGetMigMode(targets[i].device, &current, &pending) != NVML_SUCCESS)
            continue;
        supported++;
        if (current != 0)
            targets[enabled++] = targets[i];
    }
    *count = enabled;
    if (supported == 0) {
        printf("No MIG-supported devices found.\n");
        return NVML_ERROR_NOT_FOUND;
    }
    if (enabled == 0) {
        printf("No MIG-enabled devices found.\n");
        return strtol(driver_version, NULL, 10) < FIRST_BRANCH_THAT_SUCCEEDS ? NVML_ERROR_NOT_FOUND : 0;
    }
    return -1;
}

static int run(struct target *targets, unsigned count, const struct mig_options *options)
{
    if (options->profiles)
        return mig_profiles(targets, count);
    if (options->placements)
        return mig_placements(targets, count);
    int nothing = keep_enabled(targets, &count);
    if (nothing >= 0)
        return nothing;
    if (options->create != NULL)
        return mig_create(targets, count, options);
    if (options->compute_destroy)
        return mig_compute_destroy(targets, count);
    if (options->destroy)
        return mig_destroy(targets, count);
    if (options->compute_list)
        return mig_compute_list(targets, count);
    return mig_list(targets, count);
}

int command_mig(int count, char **arguments)
{
    struct mig_options options = {0};
    struct target targets[SMI_MAX_GPUS];
    unsigned found;
    int failed = read_options(&options, count, arguments);
    if (failed != 0)
        return failed;
    failed = targets_find(options.ids, targets, &found);
    return failed != 0 ? failed : run(targets, found, &options);
}
