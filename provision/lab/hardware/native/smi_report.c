/* -q, as text and as XML: of the many sections of NVIDIA's, those that somebody reads. */

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "smi.h"

#define COLUMN 55
#define TEXT_INDENT 4

/* Print one line of a section that lies `depth` sections deep. */
static void entry(bool xml, int depth, const char *label, const char *tag, const char *value)
{
    if (xml)
        printf("%.*s<%s>%s</%s>\n", depth + 1, "\t\t\t", tag, value, tag);
    else
        printf("%*s%-*s: %s\n", depth * TEXT_INDENT, "", COLUMN - depth * TEXT_INDENT, label, value);
}

/* The same with the value of a field of --query-gpu. */
static void field(bool xml, int depth, const char *label, const char *tag, const struct target *target,
                  const char *name)
{
    char value[CSV_SIZE];
    field_value(name, target, value, sizeof value);
    entry(xml, depth, label, tag, value);
}

static void print_gpu(bool xml, const struct target *target)
{
    printf(xml ? "\t<gpu id=\"%s\">\n" : "GPU %s\n", target->bus);
    field(xml, 1, "Product Name", "product_name", target, "name");
    field(xml, 1, "Serial Number", "serial", target, "serial");
    field(xml, 1, "GPU UUID", "uuid", target, "uuid");
    printf(xml ? "\t\t<fabric>\n" : "    Fabric\n");
    field(xml, 2, "State", "state", target, "fabric.state");
    field(xml, 2, "Status", "status", target, "fabric.status");
    printf(xml ? "\t\t</fabric>\n\t</gpu>\n" : "\n");
}

static void print_header(bool xml)
{
    char now[64], driver[80] = "N/A", cuda[32], attached[16];
    int number = 0;
    unsigned count = 0;
    time_t seconds = time(NULL);
    struct tm local;
    localtime_r(&seconds, &local);
    strftime(now, sizeof now, "%a %b %e %H:%M:%S %Y", &local);
    nvml.nvmlSystemGetDriverVersion(driver, sizeof driver);
    nvml.nvmlSystemGetCudaDriverVersion_v2(&number);
    nvml.nvmlDeviceGetCount_v2(&count);
    snprintf(cuda, sizeof cuda, "%d.%d", number / 1000, number % 1000 / 10);
    snprintf(attached, sizeof attached, "%u", count);
    if (xml)
        printf("<?xml version=\"1.0\" ?>\n<!DOCTYPE nvidia_smi_log SYSTEM \"nvsmi_device_v12.dtd\">\n<nvidia_smi_log>\n");
    else
        printf("\n==============NVSMI LOG==============\n\n");
    entry(xml, 0, "Timestamp", "timestamp", now);
    entry(xml, 0, "Driver Version", "driver_version", driver);
    entry(xml, 0, "CUDA Version", "cuda_version", cuda);
    if (!xml)
        printf("\n");
    entry(xml, 0, "Attached GPUs", "attached_gpus", attached);
}

int command_report(const struct options *options)
{
    struct target targets[SMI_MAX_GPUS];
    unsigned count;
    int failed = targets_find(options->ids, targets, &count);
    if (failed != 0)
        return failed;
    print_header(options->xml);
    for (unsigned i = 0; i < count; i++)
        print_gpu(options->xml, &targets[i]);
    if (options->xml)
        printf("</nvidia_smi_log>\n");
    return 0;
}
