"""Switching MIG on and off: what needs a reset, what is refused, and what is left after a reboot."""

from __future__ import annotations

import pynvml
import pytest

from provision.lab.hardware.catalogue import catalogue
from tests.unit.lab.hardware.conftest import Server, hold
from tests.unit.lab.hardware.mig import Build, create, mig_devices, start

pytestmark = pytest.mark.usefixtures("nvml")
AMPERE = sorted(model for model, known in catalogue()["gpus"].items() if known["architecture"] == "ampere")
NEWER = sorted(
    model for model, known in catalogue()["gpus"].items() if known["architecture"] in ("hopper", "blackwell")
)


def reboot(server: Server) -> object:
    """Power on anew and return the handle of the first GPU."""
    server.power_on()
    return pynvml.nvmlDeviceGetHandleByIndex(0)


@pytest.mark.parametrize("model", AMPERE)
def test_ampere_keeps_its_mode_through_a_reboot_but_no_instances(model: str, server: Build) -> None:
    built, device = start(server, model)
    create(device, 0)
    device = reboot(built)

    assert pynvml.nvmlDeviceGetMigMode(device) == [1, 1]
    assert mig_devices(device) == []


@pytest.mark.parametrize("model", NEWER)
def test_newer_gpus_lose_mode_and_instances(model: str, server: Build) -> None:
    built, device = start(server, model)
    create(device, 0)
    device = reboot(built)

    assert pynvml.nvmlDeviceGetMigMode(device) == [0, 0]
    assert mig_devices(device) == []


def test_a_gpu_without_mig_says_so(server: Build) -> None:
    _, device = start(server, "v100-pcie-32gb", enable=False)
    with pytest.raises(pynvml.NVMLError_NotSupported):
        pynvml.nvmlDeviceGetMigMode(device)
    with pytest.raises(pynvml.NVMLError_NotSupported):
        pynvml.nvmlDeviceSetMigMode(device, 1)
    assert pynvml.nvmlDeviceGetMaxMigDeviceCount(device) == 0


def test_ampere_waits_for_a_reset_while_a_client_holds_it(server: Build, holder: list[int]) -> None:
    built, device = start(server, "a100-sxm4-40gb", enable=False)
    hold(built, holder, "nvidia0")

    assert pynvml.nvmlDeviceSetMigMode(device, 1) == pynvml.NVML_ERROR_IN_USE
    assert pynvml.nvmlDeviceGetMigMode(device) == [0, 1]
    assert pynvml.nvmlDeviceGetMigMode(reboot(built)) == [1, 1]


def test_under_pass_through_only_a_reboot_resets(server: Build) -> None:
    built, device = start(server, "a100-sxm4-40gb", enable=False)
    built.power_on("mig_reset_blocked")

    assert pynvml.nvmlDeviceSetMigMode(device, 1) == pynvml.NVML_ERROR_NOT_SUPPORTED
    assert pynvml.nvmlDeviceGetMigMode(device) == [0, 1]
    assert pynvml.nvmlDeviceSetMigMode(device, 0) == pynvml.NVML_SUCCESS
    assert pynvml.nvmlDeviceGetMigMode(reboot(built)) == [0, 0]


def test_newer_gpus_switch_beside_clients_that_do_not_compute(server: Build, holder: list[int]) -> None:
    built, device = start(server, "h100-sxm5-80gb", enable=False)
    hold(built, holder, "nvidia0", "nvidiactl")
    assert pynvml.nvmlDeviceSetMigMode(device, 1) == pynvml.NVML_SUCCESS
    assert pynvml.nvmlDeviceSetMigMode(device, 0) == pynvml.NVML_SUCCESS

    hold(built, holder, "nvidia0", "nvidia-uvm")
    with pytest.raises(pynvml.NVMLError_InUse):
        pynvml.nvmlDeviceSetMigMode(device, 1)
    assert pynvml.nvmlDeviceGetMigMode(device) == [0, 0]
    assert [app.pid for app in pynvml.nvmlDeviceGetComputeRunningProcesses(device)] == [holder[-1]]


@pytest.mark.needs("root")  # nvidia-smi resets a GPU for root alone
def test_where_the_mode_waits_for_a_reset_nvidia_smi_does_it(server: Build) -> None:
    built, device = start(server, "a100-sxm4-40gb", enable=False)
    built.power_on("mig_reset_by_hand")

    assert pynvml.nvmlDeviceSetMigMode(device, 1) == pynvml.NVML_ERROR_RESET_REQUIRED
    assert built.smi("--gpu-reset", "-i", "0")[0] != 0  # this process is a client of the driver
    pynvml.nvmlShutdown()
    assert built.smi("--gpu-reset", "-i", "0")[0] == 0
    pynvml.nvmlInit()
    assert pynvml.nvmlDeviceGetMigMode(pynvml.nvmlDeviceGetHandleByIndex(0)) == [1, 1]
