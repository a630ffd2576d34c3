"""GPUs on the PCI bus."""

from pathlib import Path

import pytest

from provision.plugins.module_utils.host.machine import Machine
from provision.plugins.module_utils.receipts.kinds import gpus
from tests.unit.plugins.module_utils.receipts.conftest import put


def test_gpus_are_nvidias_display_controllers(machine: Machine) -> None:
    bus = "/sys/bus/pci/devices"
    for address, vendor, kind in (
        ("0000:18:00.0", "0x10de", "0x030200"),
        ("0000:19:00.0", "0x10de", "0x068000"),  # an NVSwitch
        ("0000:1a:00.1", "0x10de", "0x040300"),  # the audio function of a GPU
        ("0000:01:00.0", "0x1a03", "0x030000"),  # the board's own VGA
    ):
        for name, text in (("vendor", vendor), ("class", kind), ("device", "0x2330")):
            put(Path(machine.root), f"{bus}/{address}/{name}", text + "\n")
    assert gpus.measure(machine, True) == {"0000:18:00.0": "10de:2330"}
    about = "/proc/driver/nvidia/gpus/0000:18:00.0/information"
    put(Path(machine.root), about, "Model: \t H100\nGPU UUID: \t GPU-????????-????\n")
    assert gpus.measure(machine, True) == {"0000:18:00.0": "10de:2330"}
    put(Path(machine.root), about, "Model: \t H100\nGPU UUID: \t GPU-4d04e08e-1c0f\n")
    assert gpus.measure(machine, True) == {"0000:18:00.0": "10de:2330 GPU-4d04e08e-1c0f"}


ONE, TWO = "0000:18:00.0", "0000:2a:00.0"


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ({ONE: "10de:2330", TWO: "10de:2330"}, {TWO: "10de:2330"}, [(ONE, f"GPU {ONE} (10de:2330) missing")]),
        ({ONE: "10de:2330"}, {ONE: "10de:20b0"}, [(ONE, f"GPU {ONE} replaced: 10de:2330 -> 10de:20b0")]),
        ({}, {ONE: "10de:2330"}, [(ONE, f"GPU {ONE} (10de:2330) added")]),
        # Another card of the same model.
        ({ONE: "10de:2330 GPU-1"}, {ONE: "10de:2330 GPU-2"}, [(ONE, f"GPU {ONE} replaced: GPU-1 -> GPU-2")]),
        ({ONE: "10de:2330 GPU-1"}, {ONE: "10de:2330"}, []),
        ({ONE: "10de:2330"}, {ONE: "10de:2330 GPU-1"}, []),
    ],
)
def test_a_difference_is_told(
    before: dict[str, str], now: dict[str, str], told: list[tuple[str, str]]
) -> None:
    assert list(gpus.compare(before, now)) == told
