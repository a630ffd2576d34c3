"""What nvidia-ml-py, unmodified, reads about GPUs from the library."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import pynvml
import pytest

from provision.lab.hardware.catalogue import catalogue
from tests.unit.lab.hardware.conftest import VERSION, Server

Build = Callable[[dict[str, object]], Server]
pytestmark = pytest.mark.usefixtures("nvml")


@pytest.mark.parametrize("model", sorted(catalogue()["gpus"]))
def test_every_model_says_what_the_catalogue_says(model: str, server: Build) -> None:
    server({"gpus": {model: 2}})
    known = catalogue()["gpus"][model]
    pynvml.nvmlInit()

    assert pynvml.nvmlDeviceGetCount() == 2
    device = pynvml.nvmlDeviceGetHandleByIndex(1)
    pci = pynvml.nvmlDeviceGetPciInfo(device)
    major, minor = pynvml.nvmlDeviceGetCudaComputeCapability(device)

    assert pynvml.nvmlDeviceGetName(device) == known["name"]
    assert f"{major}.{minor}" == known["compute_capability"]
    assert pynvml.nvmlDeviceGetMemoryInfo(device).total == known["memory"] * 2**20
    assert (
        pynvml.nvmlDeviceGetMemoryInfo(device, version=pynvml.nvmlMemory_v2).total == known["memory"] * 2**20
    )
    assert f"{pci.pciDeviceId:08x}" == known["pci"]["device"] + "10de"
    assert f"{pci.pciSubSystemId:08x}" == known["pci"]["subsystem"] + "10de"
    assert pci.busId == f"{pci.domain:08X}:{pci.bus:02X}:00.0"
    assert pynvml.nvmlDeviceGetIndex(device) == 1
    assert pynvml.nvmlDeviceGetMinorNumber(device) == 1


def test_one_gpu_has_one_identity_however_it_is_asked_for(server: Build) -> None:
    server({"gpus": {"a100-sxm4-40gb": 2}})
    pynvml.nvmlInit()
    device = pynvml.nvmlDeviceGetHandleByIndex(1)
    uuid = pynvml.nvmlDeviceGetUUID(device)

    assert pynvml.nvmlDeviceGetUUID(pynvml.nvmlDeviceGetHandleByUUID(uuid)) == uuid
    for address in ("00000000:0F:00.0", "0000:0f:00.0", "0f:00.0"):
        assert pynvml.nvmlDeviceGetUUID(pynvml.nvmlDeviceGetHandleByPciBusId(address)) == uuid
    with pytest.raises(pynvml.NVMLError_NotFound):
        pynvml.nvmlDeviceGetHandleByUUID("GPU-00000000-0000-0000-0000-000000000000")
    with pytest.raises(pynvml.NVMLError_InvalidArgument):
        pynvml.nvmlDeviceGetHandleByIndex(2)


def test_versions(server: Build) -> None:
    server({"gpus": {"b200-180gb": 1}})
    pynvml.nvmlInit()

    assert pynvml.nvmlSystemGetDriverVersion() == VERSION
    assert pynvml.nvmlSystemGetNVMLVersion() == f"13.{VERSION}"
    assert pynvml.nvmlSystemGetCudaDriverVersion_v2() == 13000


@pytest.mark.parametrize(
    ("faults", "loaded", "error"),
    [
        ((), "", pynvml.NVML_ERROR_DRIVER_NOT_LOADED),
        ((), "580.82.07", pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH),
        (("library_mismatch",), VERSION, pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH),
    ],
)
def test_initialisation_says_what_is_wrong(
    faults: tuple[str, ...], loaded: str, error: int, server: Build
) -> None:
    server({"gpus": {"h200-sxm-141gb": 1}}).power_on(*faults, version=loaded)
    with pytest.raises(pynvml.NVMLError) as raised:
        pynvml.nvmlInit()
    assert raised.value.value == error


def test_nothing_works_before_initialisation(server: Build) -> None:
    server({"gpus": {"a30-24gb": 1}})
    pynvml.nvmlInit()
    pynvml.nvmlShutdown()
    with pytest.raises(pynvml.NVMLError_Uninitialized):
        pynvml.nvmlDeviceGetCount()


def test_a_lost_gpu_is_reported_as_such(server: Build) -> None:
    built = server({"gpus": {"a100-sxm4-80gb": 2}})
    pynvml.nvmlInit()
    device = pynvml.nvmlDeviceGetHandleByIndex(1)
    built.lose(1)

    with pytest.raises(pynvml.NVMLError_GpuIsLost):
        pynvml.nvmlDeviceGetHandleByIndex(1)
    with pytest.raises(pynvml.NVMLError_GpuIsLost):
        pynvml.nvmlDeviceGetName(device)
    with pytest.raises(pynvml.NVMLError_GpuIsLost):
        pynvml.nvmlDeviceSetPersistenceMode(device, 1)
    assert pynvml.nvmlDeviceGetName(pynvml.nvmlDeviceGetHandleByIndex(0)) == "NVIDIA A100-SXM4-80GB"


def test_persistence_mode_is_kept_in_the_state(server: Build) -> None:
    built = server({"gpus": {"h100-nvl-94gb": 2}})
    pynvml.nvmlInit()
    pynvml.nvmlDeviceSetPersistenceMode(pynvml.nvmlDeviceGetHandleByIndex(1), 1)

    assert [gpu["persistence"] for gpu in built.records("gpu")] == ["0", "1"]
    assert pynvml.nvmlDeviceGetPersistenceMode(pynvml.nvmlDeviceGetHandleByIndex(1)) == 1


@pytest.mark.parametrize(
    ("hardware", "state"),
    [
        ({"gpus": {"h100-sxm5-80gb": 1}, "nvswitches": 4}, pynvml.NVML_GPU_FABRIC_STATE_IN_PROGRESS),
        ({"gpus": {"h100-sxm5-80gb": 1}}, pynvml.NVML_GPU_FABRIC_STATE_NOT_SUPPORTED),
        ({"gpus": {"b200-180gb": 1}}, pynvml.NVML_GPU_FABRIC_STATE_IN_PROGRESS),
        ({"gpus": {"a100-sxm4-40gb": 1}, "nvswitches": 6}, pynvml.NVML_GPU_FABRIC_STATE_NOT_SUPPORTED),
    ],
)
def test_fabric_waits_for_its_manager(hardware: dict[str, object], state: int, server: Build) -> None:
    server(hardware)
    pynvml.nvmlInit()
    device = pynvml.nvmlDeviceGetHandleByIndex(0)

    for info in (pynvml.c_nvmlGpuFabricInfo_v2_t(), pynvml.c_nvmlGpuFabricInfo_v3_t()):
        pynvml.nvmlDeviceGetGpuFabricInfoV(device, ctypes.byref(info))
        assert info.state == state
