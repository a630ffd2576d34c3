/* The fields of --query-gpu that somebody asks for. */

#include <stdio.h>
#include <string.h>

#include "smi.h"

#define MIB 1048576ull
#define NOT_AVAILABLE "[N/A]"

/* Write the value of one field. What NVML does not tell is not available, whatever the reason. */
typedef nvmlReturn_t reader(const struct target *target, char *value, size_t size);

#define TEXT(name, function)                                                        \
    static nvmlReturn_t name(const struct target *target, char *value, size_t size) \
    {                                                                               \
        return nvml.function(target->device, value, (unsigned)size);                \
    }

/* A field that is one figure: `ask` fills it in, and what follows is how it is printed. */
#define FIGURE(name, type, ask, ...)                                                \
    static nvmlReturn_t name(const struct target *target, char *value, size_t size) \
    {                                                                               \
        type figure = 0;                                                            \
        nvmlReturn_t result = ask;                                                  \
        snprintf(value, size, __VA_ARGS__);                                         \
        return result;                                                              \
    }

TEXT(name, nvmlDeviceGetName)
TEXT(serial, nvmlDeviceGetSerial)
TEXT(uuid, nvmlDeviceGetUUID)

#define OF(function) nvml.function(target->device, &figure)
FIGURE(link_generation, unsigned, OF(nvmlDeviceGetCurrPcieLinkGeneration), "%u", figure)
FIGURE(link_generation_max, unsigned, OF(nvmlDeviceGetMaxPcieLinkGeneration), "%u", figure)
FIGURE(link_width, unsigned, OF(nvmlDeviceGetCurrPcieLinkWidth), "%u", figure)
FIGURE(link_width_max, unsigned, OF(nvmlDeviceGetMaxPcieLinkWidth), "%u", figure)
FIGURE(persistence, unsigned, OF(nvmlDeviceGetPersistenceMode), "%s", figure ? "Enabled" : "Disabled")
FIGURE(power_draw, unsigned, OF(nvmlDeviceGetPowerUsage), "%u.%02u", figure / 1000, figure % 1000 / 10)
FIGURE(power_limit, unsigned, OF(nvmlDeviceGetEnforcedPowerLimit), "%u.%02u", figure / 1000, figure % 1000 / 10)
FIGURE(temperature, unsigned, nvml.nvmlDeviceGetTemperature(target->device, 0, &figure), "%u", figure)
FIGURE(ecc_errors, unsigned long long, nvml.nvmlDeviceGetTotalEccErrors(target->device, 1, 0, &figure), "%llu", figure)

static nvmlReturn_t driver(const struct target *target, char *value, size_t size)
{
    (void)target;
    return nvml.nvmlSystemGetDriverVersion(value, (unsigned)size);
}

static nvmlReturn_t index_of(const struct target *target, char *value, size_t size)
{
    snprintf(value, size, "%u", target->index);
    return NVML_SUCCESS;
}

static nvmlReturn_t bus_id(const struct target *target, char *value, size_t size)
{
    snprintf(value, size, "%s", target->bus);
    return NVML_SUCCESS;
}

static nvmlReturn_t compute_capability(const struct target *target, char *value, size_t size)
{
    int major = 0, minor = 0;
    nvmlReturn_t result = nvml.nvmlDeviceGetCudaComputeCapability(target->device, &major, &minor);
    snprintf(value, size, "%d.%d", major, minor);
    return result;
}

static nvmlReturn_t memory_total(const struct target *target, char *value, size_t size)
{
    nvmlMemory_v2_t info = {.version = NVML_VERSION(nvmlMemory_v2_t, 2)};
    nvmlReturn_t result = nvml.nvmlDeviceGetMemoryInfo_v2(target->device, &info);
    snprintf(value, size, "%llu", info.total / MIB);
    return result;
}

static nvmlReturn_t utilization(const struct target *target, char *value, size_t size)
{
    nvmlUtilization_t rates = {0};
    nvmlReturn_t result = nvml.nvmlDeviceGetUtilizationRates(target->device, &rates);
    snprintf(value, size, "%u", rates.gpu);
    return result;
}

static nvmlReturn_t ecc(const struct target *target, char *value, size_t size)
{
    unsigned current = 0, pending = 0;
    nvmlReturn_t result = nvml.nvmlDeviceGetEccMode(target->device, &current, &pending);
    snprintf(value, size, "%s", current ? "Enabled" : "Disabled");
    return result;
}

void mig_mode_texts(nvmlDevice_t device, const char **current, const char **pending)
{
    unsigned now = 0, next = 0;
    *current = *pending = NOT_AVAILABLE;
    if (nvml.nvmlDeviceGetMigMode(device, &now, &next) != NVML_SUCCESS)
        return;
    *current = now ? "Enabled" : "Disabled";
    *pending = next ? "Enabled" : "Disabled";
}

static nvmlReturn_t mig_current(const struct target *target, char *value, size_t size)
{
    const char *current, *pending;
    mig_mode_texts(target->device, &current, &pending);
    snprintf(value, size, "%s", current);
    return NVML_SUCCESS;
}

static nvmlReturn_t mig_pending(const struct target *target, char *value, size_t size)
{
    const char *current, *pending;
    mig_mode_texts(target->device, &current, &pending);
    snprintf(value, size, "%s", pending);
    return NVML_SUCCESS;
}

const char *fabric_text(nvmlDevice_t device)
{
    nvmlGpuFabricInfo_v2_t info = {.version = NVML_VERSION(nvmlGpuFabricInfo_v2_t, 2)};
    if (nvml.nvmlDeviceGetGpuFabricInfoV(device, &info) != NVML_SUCCESS)
        return NULL;
    return info.state == NVML_FABRIC_COMPLETED ? "Completed" : info.state == NVML_FABRIC_IN_PROGRESS ? "In Progress" : NULL;
}

static nvmlReturn_t fabric_state(const struct target *target, char *value, size_t size)
{
    const char *text = fabric_text(target->device);
    snprintf(value, size, "%s", text == NULL ? "N/A" : text);
    return NVML_SUCCESS;
}

static nvmlReturn_t fabric_status(const struct target *target, char *value, size_t size)
{
    const char *text = fabric_text(target->device);
    snprintf(value, size, "%s", text != NULL && strcmp(text, "Completed") == 0 ? "Success" : "N/A");
    return NVML_SUCCESS;
}

static const struct field {
    const char *name, *unit;
    reader *read;
} fields[] = {
    {"driver_version", NULL, driver},
    {"index", NULL, index_of},
    {"name", NULL, name},
    {"serial", NULL, serial},
    {"uuid", NULL, uuid},
    {"pci.bus_id", NULL, bus_id},
    {"gpu_bus_id", NULL, bus_id},
    {"pcie.link.gen.current", NULL, link_generation},
    {"pcie.link.gen.max", NULL, link_generation_max},
    {"pcie.link.width.current", NULL, link_width},
    {"pcie.link.width.max", NULL, link_width_max},
    {"persistence_mode", NULL, persistence},
    {"memory.total", "MiB", memory_total},
    {"compute_cap", NULL, compute_capability},
    {"utilization.gpu", "%", utilization},
    {"ecc.mode.current", NULL, ecc},
    {"ecc.errors.uncorrected.volatile.total", NULL, ecc_errors},
    {"temperature.gpu", NULL, temperature},
    {"power.draw", "W", power_draw},
    {"power.limit", "W", power_limit},
    {"mig.mode.current", NULL, mig_current},
    {"mig.mode.pending", NULL, mig_pending},
    {"fabric.state", NULL, fabric_state},
    {"fabric.status", NULL, fabric_status},
};

bool field_value(const char *wanted, const struct target *target, char *value, size_t size)
{
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (strcmp(fields[i].name, wanted) == 0) {
            if (target != NULL && fields[i].read(target, value, size) != NVML_SUCCESS)
                snprintf(value, size, NOT_AVAILABLE);
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
