/* Questions of known users (users.yml) that this GPU leaves unanswered, as real ones may. */

#include "nvml_api.h"

#define UNSUPPORTED(name)         \
    NVML_API nvmlReturn_t name(void); \
    nvmlReturn_t name(void)       \
    {                             \
        return NVML_ERROR_NOT_SUPPORTED; \
    }

UNSUPPORTED(nvmlDeviceGetClockInfo)
UNSUPPORTED(nvmlDeviceGetMaxClockInfo)
UNSUPPORTED(nvmlDeviceGetApplicationsClock)
UNSUPPORTED(nvmlDeviceGetCurrentClocksEventReasons)
UNSUPPORTED(nvmlDeviceGetTemperatureThreshold)
UNSUPPORTED(nvmlDeviceGetRetiredPages)
UNSUPPORTED(nvmlDeviceGetRetiredPagesPendingStatus)
UNSUPPORTED(nvmlDeviceGetRemappedRows)
UNSUPPORTED(nvmlDeviceGetNvLinkState)
