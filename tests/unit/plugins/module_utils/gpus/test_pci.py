"""NVIDIA's devices on a bus that is a folder."""

from pathlib import Path

import pytest

from provision.plugins.module_utils.gpus.hardware import has_nvlink5, nvswitches
from provision.plugins.module_utils.gpus.pci import Function, can_reset, functions, gpus, subsystem
from provision.plugins.module_utils.host.machine import Machine

from ..receipts.conftest import put

GPU, SWITCH, SOUND, VGA = "0000:18:00.0", "0000:19:00.0", "0000:1a:00.1", "0000:01:00.0"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    for address, vendor, device, kind in (
        (GPU, "0x10de", "0x2330", "0x030200"),
        (SWITCH, "0x10de", "0x22a3", "0x068000"),
        (SOUND, "0x10de", "0x228b", "0x040300"),
        (VGA, "0x1a03", "0x2000", "0x030000"),
    ):
        for name, text in (("vendor", vendor), ("device", device), ("class", kind)):
            put(tmp_path, f"/sys/bus/pci/devices/{address}/{name}", text + "\n")
    return Machine(str(tmp_path))


def test_functions_are_nvidias_by_address(machine: Machine) -> None:
    assert functions(machine) == [
        Function(GPU, "10de:2330", "030200"),
        Function(SWITCH, "10de:22a3", "068000"),
        Function(SOUND, "10de:228b", "040300"),
    ]


def test_gpus_and_switches_are_told_apart(machine: Machine) -> None:
    assert gpus(machine) == {GPU: "10de:2330"}
    assert nvswitches(machine) == [SWITCH]


def test_the_card_that_a_gpu_is_on(machine: Machine) -> None:
    for name, text in (("subsystem_vendor", "0x10de\n"), ("subsystem_device", "0x1626\n")):
        put(Path(machine.root), f"/sys/bus/pci/devices/{GPU}/{name}", text)
    assert subsystem(machine, GPU) == "10de:1626"


def test_a_gpu_can_be_reset_where_the_kernel_shows_how(machine: Machine) -> None:
    put(Path(machine.root), f"/sys/bus/pci/devices/{GPU}/reset", "")
    assert [can_reset(machine, each) for each in (GPU, SWITCH, "0000:ff:00.0")] == [True, False, True]


@pytest.mark.parametrize(("text", "expected"), [("\x82SW_MNG\x00", True), ("\x82ConnectX-7\x00", False)])
def test_nvlink5_is_known_by_the_manager_of_its_switches(machine: Machine, text: str, expected: bool) -> None:
    assert not has_nvlink5(machine)
    put(Path(machine.root), "/sys/class/infiniband/mlx5_4/device/vpd", text)
    assert has_nvlink5(machine) is expected
