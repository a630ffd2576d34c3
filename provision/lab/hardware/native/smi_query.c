/* --query-gpu and --query-compute-apps: comma separated values. */

#include <stdio.h>
#include <string.h>

#include "smi.h"

#define MAX_FIELDS 64
#define MAX_APPS 128

struct csv {
    bool header, units;
};

static bool read_format(const char *format, struct csv *csv)
{
    *csv = (struct csv){true, true};
    if (format == NULL || strstr(format, "csv") == NULL) {
        printf("\"--format=\" switch is missing.\n\n");
        return false;
    }
    csv->header = strstr(format, "noheader") == NULL;
    csv->units = strstr(format, "nounits") == NULL;
    return true;
}

/* Split a list of field names in place. */
static unsigned split(char *text, char **names)
{
    char *rest = NULL;
    unsigned count = 0;
    for (char *name = strtok_r(text, ", ", &rest); name != NULL && count < MAX_FIELDS; name = strtok_r(NULL, ", ", &rest))
        names[count++] = name;
    return count;
}

static int unknown(const char *name)
{
    printf("Field \"%s\" is not a valid field to query.\n\n", name);
    return NVML_ERROR_INVALID_ARGUMENT;
}

static void print_value(const struct csv *csv, unsigned column, const char *value, const char *unit)
{
    printf("%s%s", column == 0 ? "" : ", ", value);
    if (csv->units && unit != NULL && value[0] != '[')
        printf(" %s", unit);
}

static void print_header(const struct csv *csv, char **names, unsigned count)
{
    for (unsigned i = 0; i < count && csv->header; i++) {
        const char *unit = field_unit(names[i]);
        printf("%s%s", i == 0 ? "" : ", ", names[i]);
        if (unit != NULL)
            printf(" [%s]", unit);
    }
    if (csv->header)
        printf("\n");
}

int command_query(const struct options *options)
{
    char list[2048], value[CSV_SIZE], *names[MAX_FIELDS];
    struct target targets[SMI_MAX_GPUS];
    struct csv csv;
    unsigned count, field_count;
    if (!read_format(options->format, &csv))
        return NVML_ERROR_INVALID_ARGUMENT;
    snprintf(list, sizeof list, "%s", options->gpus);
    field_count = split(list, names);
    for (unsigned i = 0; i < field_count; i++)
        if (!field_value(names[i], NULL, NULL, 0))
            return unknown(names[i]);
    int failed = targets_find(options->ids, targets, &count);
    if (failed != 0)
        return failed;
    print_header(&csv, names, field_count);
    for (unsigned i = 0; i < count; i++) {
        for (unsigned j = 0; j < field_count; j++) {
            field_value(names[j], &targets[i], value, sizeof value);
            print_value(&csv, j, value, field_unit(names[j]));
        }
        printf("\n");
    }
    return 0;
}

/* The running programs: of all that could be asked about them, their numbers. */
int command_apps(const struct options *options)
{
    struct target targets[SMI_MAX_GPUS];
    struct csv csv;
    char *names[] = {"pid"};
    unsigned count;
    if (!read_format(options->format, &csv))
        return NVML_ERROR_INVALID_ARGUMENT;
    if (strcmp(options->apps, names[0]) != 0)
        return unknown(options->apps);
    int failed = targets_find(options->ids, targets, &count);
    if (failed != 0)
        return failed;
    print_header(&csv, names, 1);
    for (unsigned i = 0; i < count; i++) {
        nvmlProcessInfo_t apps[MAX_APPS];
        unsigned running = MAX_APPS;
        if (nvml.nvmlDeviceGetComputeRunningProcesses_v3(targets[i].device, &running, apps) != NVML_SUCCESS)
            continue;
        for (unsigned j = 0; j < running; j++)
            printf("%u\n", apps[j].pid);
    }
    return 0;
}
