/* The fields of --query-gpu. */

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "smi.h"

#define MIB 1048576ull
#define NOT_AVAILABLE "[N/A]"

typedef void reader(const struct target *target, char *value, size_t size);

static void text_by(nvmlReturn_t (*ask)(nvmlDevice_t, char *, unsigned), const struct target *target, char *value,
                    size_t size)
{
    if (ask(target->device, value, (unsigned)size) != NVML_SUCCESS)
        snprintf(value, size, NOT_AVAILABLE);
}

static void number_by(nvmlReturn_t (*ask)(nvmlDevice_t, unsigned *), const struct target *target, char *value,
                      size_t size)
{
    unsigned number;
    if (ask(target->device, &number) == NVML_SUCCESS)
        snprintf(value, size, "%u", number);
    else
        snprintf(value, size, NOT_AVAILABLE);
}

static void timestamp(const struct target *target, char *value, size_t size)
{
    struct timespec now;
    struct tm local;
    char seconds[32];
    (void)target;
    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &local);
    strftime(seconds, sizeof seconds, "%Y/%m/%d %H:%M:%S", &local);
    snprintf(value, size, "%s.%03ld", seconds, now.tv_nsec / 1000000);
}

static void driver(const struct target *target, char *value, size_t size)
{
    (void)target;
    nvml.nvmlSystemGetDriverVersion(value, (unsigned)size);
}

static void gpu_count(const struct target *target, char *value, size_t size)
{
    unsigned count = 0;
    (void)target;
    nvml.nvmlDeviceGetCount_v2(&count);
    snprintf(value, size, "%u", count);
}

static void name(const struct target *target, char *value, size_t size)
{
    text_by(nvml.nvmlDeviceGetName, target, value, size);
}

static void serial(const struct target *target, char *value, size_t size)
{
    text_by(nvml.nvmlDeviceGetSerial, target, value, size);
}

static void uuid(const struct target *target, char *value, size_t size)
{
    text_by(nvml.nvmlDeviceGetUUID, target, value, size);
}

static void vbios(const struct target *target, char *value, size_t size)
{
    text_by(nvml.nvmlDeviceGetVbiosVersion, target, value, size);
}

static void index_of(const struct target *target, char *value, size_t size)
{
    snprintf(value, size, "%u", target->index);
}

static void bus_id(const struct target *target, char *value, size_t size)
{
    snprintf(value, size, "%s", target->bus);
}

static void pci(const struct target *target, char *value, size_t size, const char *form, unsigned shift)
{
    nvmlPciInfo_t info;
    nvml.nvmlDeviceGetPciInfo_v3(target->device, &info);
    const unsigned parts[] = {info.domain, info.bus, info.device, info.pciDeviceId, info.pciSubSystemId};
    snprintf(value, size, form, parts[shift]);
}

static void pci_domain(const struct target *target, char *value, size_t size)
{
    pci(target, value, size, "0x%04X", 0);
}

static void pci_bus(const struct target *target, char *value, size_t size)
{
    pci(target, value, size, "0x%02X", 1);
}

static void pci_device(const struct target *target, char *value, size_t size)
{
    pci(target, value, size, "0x%02X", 2);
}

static void pci_device_id(const struct target *target, char *value, size_t size)
{
    pci(target, value, size, "0x%08X", 3);
}

static void pci_subdevice_id(const struct target *target, char *value, size_t size)
{
    pci(target, value, size, "0x%08X", 4);
}

static void link_generation(const struct target *target, char *value, size_t size)
{
    number_by(nvml.nvmlDeviceGetCurrPcieLinkGeneration, target, value, size);
}

static void link_generation_max(const struct target *target, char *value, size_t size)
{
    number_by(nvml.nvmlDeviceGetMaxPcieLinkGeneration, target, value, size);
}

static void link_width(const struct target *target, char *value, size_t size)
{
    number_by(nvml.nvmlDeviceGetCurrPcieLinkWidth, target, value, size);
}

static void link_width_max(const struct target *target, char *value, size_t size)
{
    number_by(nvml.nvmlDeviceGetMaxPcieLinkWidth, target, value, size);
}

static void compute_capability(const struct target *target, char *value, size_t size)
{
    int major = 0, minor = 0;
    nvml.nvmlDeviceGetCudaComputeCapability(target->device, &major, &minor);
    snprintf(value, size, "%d.%d", major, minor);
}

static void persistence(const struct target *target, char *value, size_t size)
{
    unsigned mode = 0;
    nvml.nvmlDeviceGetPersistenceMode(target->device, &mode);
    snprintf(value, size, "%s", mode ? "Enabled" : "Disabled");
}

static void mig_current(const struct target *target, char *value, size_t size)
{
    const char *current, *pending;
    mig_mode_texts(target->device, &current, &pending);
    snprintf(value, size, "%s", current);
}

static void mig_pending(const struct target *target, char *value, size_t size)
{
    const char *current, *pending;
    mig_mode_texts(target->device, &current, &pending);
    snprintf(value, size, "%s", pending);
}

static void memory(const struct target *target, char *value, size_t size, unsigned part)
{
    nvmlMemory_v2_t info = {.version = NVML_VERSION(nvmlMemory_v2_t, 2)};
    nvml.nvmlDeviceGetMemoryInfo_v2(target->device, &info);
    const unsigned long long parts[] = {info.total, info.reserved, info.used, info.free};
    snprintf(value, size, "%llu", parts[part] / MIB);
}

static void memory_total(const struct target *target, char *value, size_t size)
{
    memory(target, value, size, 0);
}

static void memory_reserved(const struct target *target, char *value, size_t size)
{
    memory(target, value, size, 1);
}

static void memory_used(const struct target *target, char *value, size_t size)
{
    memory(target, value, size, 2);
}

static void memory_free(const struct target *target, char *value, size_t size)
{
    memory(target, value, size, 3);
}

static void ecc(const struct target *target, char *value, size_t size)
{
    unsigned current = 0, pending = 0;
    if (nvml.nvmlDeviceGetEccMode(target->device, &current, &pending) == NVML_SUCCESS)
        snprintf(value, size, "%s", current ? "Enabled" : "Disabled");
    else
        snprintf(value, size, NOT_AVAILABLE);
}

static void ecc_errors(const struct target *target, char *value, size_t size)
{
    unsigned long long errors = 0;
    nvml.nvmlDeviceGetTotalEccErrors(target->device, 1, 0, &errors);
    snprintf(value, size, "%llu", errors);
}

static void temperature(const struct target *target, char *value, size_t size)
{
    unsigned celsius = 0;
    nvml.nvmlDeviceGetTemperature(target->device, 0, &celsius);
    snprintf(value, size, "%u", celsius);
}

static void power_draw(const struct target *target, char *value, size_t size)
{
    unsigned milliwatts = 0;
    nvml.nvmlDeviceGetPowerUsage(target->device, &milliwatts);
    snprintf(value, size, "%u.%02u", milliwatts / 1000, milliwatts % 1000 / 10);
}

static void power_limit(const struct target *target, char *value, size_t size)
{
    unsigned milliwatts = 0;
    nvml.nvmlDeviceGetEnforcedPowerLimit(target->device, &milliwatts);
    snprintf(value, size, "%u.%02u", milliwatts / 1000, milliwatts % 1000 / 10);
}

static void utilization(const struct target *target, char *value, size_t size)
{
    nvmlUtilization_t rates;
    if (nvml.nvmlDeviceGetUtilizationRates(target->device, &rates) == NVML_SUCCESS)
        snprintf(value, size, "%u", rates.gpu);
    else
        snprintf(value, size, NOT_AVAILABLE);
}

static void performance_state(const struct target *target, char *value, size_t size)
{
    unsigned state = 0;
    nvml.nvmlDeviceGetPerformanceState(target->device, &state);
    snprintf(value, size, "P%u", state);
}

static void compute_mode(const struct target *target, char *value, size_t size)
{
    (void)target;
    snprintf(value, size, "Default");
}

static void disabled(const struct target *target, char *value, size_t size)
{
    (void)target;
    snprintf(value, size, "Disabled");
}

static void not_available(const struct target *target, char *value, size_t size)
{
    (void)target;
    snprintf(value, size, NOT_AVAILABLE);
}

static void fabric_state(const struct target *target, char *value, size_t size)
{
    const char *text = fabric_text(target->device);
    snprintf(value, size, "%s", text == NULL ? "N/A" : text);
}

static void fabric_status(const struct target *target, char *value, size_t size)
{
    const char *text = fabric_text(target->device);
    snprintf(value, size, "%s", text != NULL && strcmp(text, "Completed") == 0 ? "Success" : "N/A");
}

static const struct field {
    const char *name, *unit;
    reader *read;
} fields[] = {
    {"timestamp", NULL, timestamp},
    {"driver_version", NULL, driver},
    {"count", NULL, gpu_count},
    {"name", NULL, name},
    {"gpu_name", NULL, name},
    {"serial", NULL, serial},
    {"gpu_serial", NULL, serial},
    {"uuid", NULL, uuid},
    {"gpu_uuid", NULL, uuid},
    {"pci.bus_id", NULL, bus_id},
    {"gpu_bus_id", NULL, bus_id},
    {"pci.domain", NULL, pci_domain},
    {"pci.bus", NULL, pci_bus},
    {"pci.device", NULL, pci_device},
    {"pci.device_id", NULL, pci_device_id},
    {"pci.sub_device_id", NULL, pci_subdevice_id},
    {"pcie.link.gen.current", NULL, link_generation},
    {"pcie.link.gen.gpucurrent", NULL, link_generation},
    {"pcie.link.gen.max", NULL, link_generation_max},
    {"pcie.link.gen.gpumax", NULL, link_generation_max},
    {"pcie.link.width.current", NULL, link_width},
    {"pcie.link.width.max", NULL, link_width_max},
    {"index", NULL, index_of},
    {"display_mode", NULL, disabled},
    {"display_active", NULL, disabled},
    {"persistence_mode", NULL, persistence},
    {"vbios_version", NULL, vbios},
    {"inforom.img", NULL, not_available},
    {"fan.speed", "%", not_available},
    {"pstate", NULL, performance_state},
    {"memory.total", "MiB", memory_total},
    {"memory.reserved", "MiB", memory_reserved},
    {"memory.used", "MiB", memory_used},
    {"memory.free", "MiB", memory_free},
    {"compute_mode", NULL, compute_mode},
    {"compute_cap", NULL, compute_capability},
    {"utilization.gpu", "%", utilization},
    {"utilization.memory", "%", utilization},
    {"ecc.mode.current", NULL, ecc},
    {"ecc.mode.pending", NULL, ecc},
    {"ecc.errors.uncorrected.volatile.total", NULL, ecc_errors},
    {"ecc.errors.uncorrected.aggregate.total", NULL, ecc_errors},
    {"temperature.gpu", NULL, temperature},
    {"power.draw", "W", power_draw},
    {"power.limit", "W", power_limit},
    {"enforced.power.limit", "W", power_limit},
    {"mig.mode.current", NULL, mig_current},
    {"mig.mode.pending", NULL, mig_pending},
    {"fabric.state", NULL, fabric_state},
    {"fabric.status", NULL, fabric_status},
};

bool field_value(const char *wanted, const struct target *target, char *value, size_t size)
{
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (strcmp(fields[i].name, wanted) == 0) {
            if (target != NULL)
                fields[i].read(target, value, size);
            return true;
        }
    return false;
}

const char *field_unit(const char *wanted)
{
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (strcmp(fields[i].name, wanted) == 0)
            return fields[i].unit;
    return NULL;
}

void fields_print(void)
{
    printf("List of valid properties to query for the switch \"--query-gpu=\":\n\n");
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        printf("\"%s\"\n", fields[i].name);
}
