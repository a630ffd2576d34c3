#include <stdio.h>
#include <string.h>

#include "smi.h"

struct option {
    const char *brief, *name;
    bool *flag;
    const char **value;
};

/* The value that stands behind `--name=`, NULL where the argument is another one. */
static const char *attached(const char *argument, const char *name)
{
    size_t length = strlen(name);
    return strncmp(argument, name, length) == 0 && argument[length] == '=' ? argument + length + 1 : NULL;
}

/* Read one argument, and the one after it where it is a value. Returns how many were used, 0 for none. */
static int read_one(const struct option *option, char **arguments, int left)
{
    const char *argument = arguments[0];
    bool named = (option->brief != NULL && strcmp(argument, option->brief) == 0) || strcmp(argument, option->name) == 0;
    if (named && option->flag != NULL) {
        *option->flag = true;
        return 1;
    }
    if (named && option->value != NULL && left > 1) {
        *option->value = arguments[1];
        return 2;
    }
    const char *value = option->value != NULL ? attached(argument, option->name) : NULL;
    if (value == NULL)
        return 0;
    *option->value = value;
    return 1;
}

static bool is_on_or_off(const char *value)
{
    return value == NULL || strcmp(value, "0") == 0 || strcmp(value, "1") == 0 || strcmp(value, "DISABLED") == 0 ||
           strcmp(value, "ENABLED") == 0;
}

int options_read(struct options *options, int count, char **arguments)
{
    const struct option known[] = {
        {"-L", "--list-gpus", &options->list, NULL},
        {"-q", "--query", &options->query, NULL},
        {"-x", "--xml-format", &options->xml, NULL},
        {"-r", "--gpu-reset", &options->reset, NULL},
        {"-i", "--id", NULL, &options->ids},
        {NULL, "--query-gpu", NULL, &options->gpus},
        {NULL, "--query-compute-apps", NULL, &options->apps},
        {NULL, "--format", NULL, &options->format},
        {"-pm", "--persistence-mode", NULL, &options->persistence},
        {"-mig", "--multi-instance-gpu", NULL, &options->mig},
    };
    for (int i = 0; i < count;) {
        int used = 0;
        for (size_t j = 0; j < sizeof known / sizeof known[0] && used == 0; j++)
            used = read_one(&known[j], arguments + i, count - i);
        if (used == 0) {
            printf("ERROR: Option %s is not recognized. Please run 'nvidia-smi -h'.\n\n", arguments[i]);
            return EXIT_UNKNOWN_OPTION;
        }
        i += used;
    }
    if (options->list && options->ids != NULL) {
        printf("ERROR: Option -i is not valid for this command. Please run 'nvidia-smi -h' for help.\n\n");
        return NVML_ERROR_INVALID_ARGUMENT;
    }
    if (!is_on_or_off(options->mig) || !is_on_or_off(options->persistence)) {
        printf("Invalid combination of input arguments. Please run 'nvidia-smi -h' for help.\n\n");
        return NVML_ERROR_INVALID_ARGUMENT;
    }
    return -1;
}
