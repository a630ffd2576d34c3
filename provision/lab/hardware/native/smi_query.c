/* --query-gpu and --query-compute-apps: comma separated values. */

#include <stdio.h>
#include <string.h>

#include "smi.h"

#define MAX_FIELDS 64
#define MIB 1048576ull
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

static void print_header(const struct csv *csv, char **names, unsigned count, const char *(*unit_of)(const char *))
{
    for (unsigned i = 0; i < count && csv->header; i++) {
        const char *unit = unit_of(names[i]);
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
    print_header(&csv, names, field_count, field_unit);
    for (unsigned i = 0; i < count; i++) {
        for (unsigned j = 0; j < field_count; j++) {
            field_value(names[j], &targets[i], value, sizeof value);
            print_value(&csv, j, value, field_unit(names[j]));
        }
        printf("\n");
    }
    return 0;
}

static const char *app_unit(const char *name)
{
    return strcmp(name, "used_gpu_memory") == 0 || strcmp(name, "used_memory") == 0 ? "MiB" : NULL;
}

/* One field of a running process; what is not its own is asked of its GPU. */
static bool app_value(const char *name, const struct target *target, const nvmlProcessInfo_t *app, char *value,
                      size_t size)
{
    static const char *const own[] = {"pid", "process_name", "name", "used_gpu_memory", "used_memory"};
    static const char *const of_gpu[] = {"timestamp", "gpu_name", "gpu_bus_id", "gpu_serial", "gpu_uuid"};
    for (size_t i = 0; i < sizeof of_gpu / sizeof of_gpu[0]; i++)
        if (strcmp(name, of_gpu[i]) == 0)
            return app == NULL || field_value(name, target, value, size);
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        if (strcmp(name, own[i]) != 0)
            continue;
        if (app == NULL)
            return true;
        if (i == 0)
            snprintf(value, size, "%u", app->pid);
        else if (i > 2)
            snprintf(value, size, "%llu", app->usedGpuMemory / MIB);
        else if (nvml.nvmlSystemGetProcessName(app->pid, value, (unsigned)size) != NVML_SUCCESS)
            snprintf(value, size, "[Not Found]");
        return true;
    }
    return false;
}

int command_apps(const struct options *options)
{
    char list[2048], value[CSV_SIZE], *names[MAX_FIELDS];
    struct target targets[SMI_MAX_GPUS];
    struct csv csv;
    unsigned count, field_count;
    if (!read_format(options->format, &csv))
        return NVML_ERROR_INVALID_ARGUMENT;
    snprintf(list, sizeof list, "%s", options->apps);
    field_count = split(list, names);
    for (unsigned i = 0; i < field_count; i++)
        if (!app_value(names[i], NULL, NULL, NULL, 0))
            return unknown(names[i]);
    int failed = targets_find(options->ids, targets, &count);
    if (failed != 0)
        return failed;
    print_header(&csv, names, field_count, app_unit);
    for (unsigned i = 0; i < count; i++) {
        nvmlProcessInfo_t apps[MAX_APPS];
        unsigned running = MAX_APPS;
        if (nvml.nvmlDeviceGetComputeRunningProcesses_v3(targets[i].device, &running, apps) != NVML_SUCCESS)
            continue;
        for (unsigned j = 0; j < running; j++) {
            for (unsigned k = 0; k < field_count; k++) {
                app_value(names[k], &targets[i], &apps[j], value, sizeof value);
                print_value(&csv, k, value, app_unit(names[k]));
            }
            printf("\n");
        }
    }
    return 0;
}
