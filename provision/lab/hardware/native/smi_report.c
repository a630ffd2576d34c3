#include <stdio.h>
#include <string.h>
#include <time.h>

#include "smi.h"
#include "smi_report.h"

#define MIB 1048576ull
#define MAX_APPS 128

static const char *const architectures[] = {[5] = "Volta", [6] = "Turing", [7] = "Ampere", [8] = "Ada Lovelace",
                                            [9] = "Hopper", [10] = "Blackwell"};

void mig_mode_texts(nvmlDevice_t device, const char **current, const char **pending)
{
    unsigned now = 0, next = 0;
    *current = *pending = "[N/A]";
    if (nvml.nvmlDeviceGetMigMode(device, &now, &next) != NVML_SUCCESS)
        return;
    *current = now ? "Enabled" : "Disabled";
    *pending = next ? "Enabled" : "Disabled";
}

const char *fabric_text(nvmlDevice_t device)
{
    nvmlGpuFabricInfo_v2_t info = {.version = NVML_VERSION(nvmlGpuFabricInfo_v2_t, 2)};
    if (nvml.nvmlDeviceGetGpuFabricInfoV(device, &info) != NVML_SUCCESS)
        return NULL;
    return info.state == NVML_FABRIC_COMPLETED ? "Completed" : info.state == NVML_FABRIC_IN_PROGRESS ? "In Progress" : NULL;
}

static const char *without_brackets(const char *text)
{
    return strcmp(text, "[N/A]") == 0 ? "N/A" : text;
}

/* Write one of the fields of --query-gpu. */
static void field(struct report *report, const struct target *target, const char *label, const char *tag,
                  const char *name)
{
    char value[CSV_SIZE];
    const char *unit = field_unit(name);
    field_value(name, target, value, sizeof value);
    if (unit == NULL || value[0] == '[')
        entry(report, label, tag, "%s", without_brackets(value));
    else
        entry(report, label, tag, "%s %s", value, unit);
}

static void mig_device(struct report *report, unsigned index, nvmlDevice_t device)
{
    unsigned gi = 0, ci = 0;
    nvmlDeviceAttributes_t has = {0};
    nvmlMemory_v2_t memory = {.version = NVML_VERSION(nvmlMemory_v2_t, 2)};
    nvml.nvmlDeviceGetGpuInstanceId(device, &gi);
    nvml.nvmlDeviceGetComputeInstanceId(device, &ci);
    nvml.nvmlDeviceGetAttributes_v2(device, &has);
    nvml.nvmlDeviceGetMemoryInfo_v2(device, &memory);
    section_begin(report, "MIG Device", "mig_device", NULL);
    entry(report, "Index", "index", "%u", index);
    entry(report, "GPU Instance ID", "gpu_instance_id", "%u", gi);
    entry(report, "Compute Instance ID", "compute_instance_id", "%u", ci);
    section_begin(report, "Device Attributes", "device_attributes", NULL);
    section_begin(report, "Shared", "shared", NULL);
    entry(report, "Multiprocessor count", "multiprocessor_count", "%u", has.multiprocessorCount);
    entry(report, "Copy Engine count", "copy_engine_count", "%u", has.sharedCopyEngineCount);
    entry(report, "Encoder count", "encoder_count", "%u", has.sharedEncoderCount);
    entry(report, "Decoder count", "decoder_count", "%u", has.sharedDecoderCount);
    entry(report, "OFA count", "ofa_count", "%u", has.sharedOfaCount);
    entry(report, "JPG count", "jpg_count", "%u", has.sharedJpegCount);
    section_end(report);
    section_end(report);
    section_begin(report, "FB Memory Usage", "fb_memory_usage", NULL);
    entry(report, "Total", "total", "%llu MiB", memory.total / MIB);
    entry(report, "Reserved", "reserved", "%llu MiB", memory.reserved / MIB);
    entry(report, "Used", "used", "%llu MiB", memory.used / MIB);
    entry(report, "Free", "free", "%llu MiB", memory.free / MIB);
    section_end(report);
    section_end(report);
}

static void mig_devices(struct report *report, const struct target *target)
{
    nvmlDevice_t device;
    if (nvml.nvmlDeviceGetMigDeviceHandleByIndex(target->device, 0, &device) != NVML_SUCCESS) {
        entry(report, "MIG Device", "mig_devices", "None");
        return;
    }
    if (report->xml)
        section_begin(report, "MIG Devices", "mig_devices", NULL);
    for (unsigned i = 0; i < SMI_MAX_MIG; i++)
        if (nvml.nvmlDeviceGetMigDeviceHandleByIndex(target->device, i, &device) == NVML_SUCCESS)
            mig_device(report, i, device);
    if (report->xml)
        section_end(report);
}

static void processes(struct report *report, const struct target *target)
{
    nvmlProcessInfo_t apps[MAX_APPS];
    unsigned count = MAX_APPS;
    if (nvml.nvmlDeviceGetComputeRunningProcesses_v3(target->device, &count, apps) != NVML_SUCCESS)
        count = 0;
    if (count == 0 && !report->xml) {
        entry(report, "Processes", "processes", "None");
        return;
    }
    section_begin(report, "Processes", "processes", NULL);
    for (unsigned i = 0; i < count; i++) {
        char name[CSV_SIZE] = "[Not Found]";
        nvml.nvmlSystemGetProcessName(apps[i].pid, name, sizeof name);
        section_begin(report, "Process", "process_info", NULL);
        entry(report, "Process ID", "pid", "%u", apps[i].pid);
        entry(report, "Type", "type", "C");
        entry(report, "Name", "process_name", "%s", name);
        entry(report, "Used GPU Memory", "used_memory", "%llu MiB", apps[i].usedGpuMemory / MIB);
        section_end(report);
    }
    section_end(report);
}

static void identity(struct report *report, const struct target *target)
{
    unsigned architecture = 0, minor = 0;
    nvml.nvmlDeviceGetArchitecture(target->device, &architecture);
    nvml.nvmlDeviceGetMinorNumber(target->device, &minor);
    bool named = architecture < sizeof architectures / sizeof architectures[0] && architectures[architecture] != NULL;
    field(report, target, "Product Name", "product_name", "name");
    entry(report, "Product Architecture", "product_architecture", "%s", named ? architectures[architecture] : "N/A");
    field(report, target, "Display Active", "display_active", "display_active");
    field(report, target, "Persistence Mode", "persistence_mode", "persistence_mode");
    section_begin(report, "MIG Mode", "mig_mode", NULL);
    field(report, target, "Current", "current_mig", "mig.mode.current");
    field(report, target, "Pending", "pending_mig", "mig.mode.pending");
    section_end(report);
    mig_devices(report, target);
    field(report, target, "Serial Number", "serial", "serial");
    field(report, target, "GPU UUID", "uuid", "uuid");
    entry(report, "Minor Number", "minor_number", "%u", minor);
    field(report, target, "VBIOS Version", "vbios_version", "vbios_version");
}

static void pci(struct report *report, const struct target *target)
{
    nvmlPciInfo_t info;
    nvml.nvmlDeviceGetPciInfo_v3(target->device, &info);
    section_begin(report, "PCI", "pci", NULL);
    entry(report, "Bus", "pci_bus", "0x%02X", info.bus);
    entry(report, "Device", "pci_device", "0x%02X", info.device);
    entry(report, "Domain", "pci_domain", "0x%04X", info.domain);
    entry(report, "Device Id", "pci_device_id", "0x%08X", info.pciDeviceId);
    entry(report, "Bus Id", "pci_bus_id", "%s", target->bus);
    entry(report, "Sub System Id", "pci_sub_system_id", "0x%08X", info.pciSubSystemId);
    section_begin(report, "GPU Link Info", "pci_gpu_link_info", NULL);
    section_begin(report, "PCIe Generation", "pcie_gen", NULL);
    field(report, target, "Max", "max_link_gen", "pcie.link.gen.max");
    field(report, target, "Current", "current_link_gen", "pcie.link.gen.current");
    section_end(report);
    section_begin(report, "Link Width", "link_widths", NULL);
    field(report, target, "Max", "max_link_width", "pcie.link.width.max");
    field(report, target, "Current", "current_link_width", "pcie.link.width.current");
    section_end(report);
    section_end(report);
    section_end(report);
}

static void readings(struct report *report, const struct target *target)
{
    const char *fabric = fabric_text(target->device);
    section_begin(report, "FB Memory Usage", "fb_memory_usage", NULL);
    field(report, target, "Total", "total", "memory.total");
    field(report, target, "Reserved", "reserved", "memory.reserved");
    field(report, target, "Used", "used", "memory.used");
    field(report, target, "Free", "free", "memory.free");
    section_end(report);
    field(report, target, "Compute Mode", "compute_mode", "compute_mode");
    section_begin(report, "ECC Mode", "ecc_mode", NULL);
    field(report, target, "Current", "current_ecc", "ecc.mode.current");
    field(report, target, "Pending", "pending_ecc", "ecc.mode.pending");
    section_end(report);
    section_begin(report, "Temperature", "temperature", NULL);
    char celsius[CSV_SIZE];
    field_value("temperature.gpu", target, celsius, sizeof celsius);
    entry(report, "GPU Current Temp", "gpu_temp", "%s C", celsius);
    section_end(report);
    section_begin(report, "GPU Power Readings", "gpu_power_readings", NULL);
    field(report, target, "Power Draw", "power_draw", "power.draw");
    field(report, target, "Current Power Limit", "current_power_limit", "power.limit");
    section_end(report);
    section_begin(report, "Fabric", "fabric", NULL);
    entry(report, "State", "state", "%s", fabric == NULL ? "N/A" : fabric);
    field(report, target, "Status", "status", "fabric.status");
    section_end(report);
}

static void write_report(struct report *report, const struct target *targets, unsigned count)
{
    char now[64], driver[80] = "N/A";
    int cuda = 0;
    unsigned attached = 0;
    time_t seconds = time(NULL);
    struct tm local;
    localtime_r(&seconds, &local);
    strftime(now, sizeof now, "%a %b %e %H:%M:%S %Y", &local);
    nvml.nvmlSystemGetDriverVersion(driver, sizeof driver);
    nvml.nvmlSystemGetCudaDriverVersion_v2(&cuda);
    nvml.nvmlDeviceGetCount_v2(&attached);
    report_begin(report);
    entry(report, "Timestamp", "timestamp", "%s", now);
    entry(report, "Driver Version", "driver_version", "%s", driver);
    entry(report, "CUDA Version", "cuda_version", "%d.%d", cuda / 1000, cuda % 1000 / 10);
    if (!report->xml)
        fputc('\n', report->out);
    entry(report, "Attached GPUs", "attached_gpus", "%u", attached);
    for (unsigned i = 0; i < count; i++) {
        section_begin(report, "GPU", "gpu", targets[i].bus);
        identity(report, &targets[i]);
        pci(report, &targets[i]);
        readings(report, &targets[i]);
        processes(report, &targets[i]);
        section_end(report);
        if (!report->xml)
            fputc('\n', report->out);
    }
    report_end(report);
}

int command_report(const struct options *options)
{
    struct target targets[SMI_MAX_GPUS];
    unsigned count;
    int failed = targets_find(options->ids, targets, &count);
    if (failed != 0)
        return failed;
    struct report report = {.out = stdout, .xml = options->xml};
    if (options->file != NULL)
        report.out = fopen(options->file, "we");
    if (report.out == NULL) {
        printf("Failed to open file %s\n", options->file);
        return EXIT_FAILED;
    }
    write_report(&report, targets, count);
    if (report.out != stdout)
        fclose(report.out);
    return 0;
}
