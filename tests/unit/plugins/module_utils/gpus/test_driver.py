"""What the kernel and the driver say."""

from pathlib import Path

import pytest

from provision.plugins.module_utils.gpus.driver import Information, information, kernel_module, module_file
from provision.plugins.module_utils.host.machine import Machine

from ..receipts.conftest import put

RELEASE = "6.1.0-40-amd64"
ADDRESS = "0000:18:00.0"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    put(tmp_path, "/proc/sys/kernel/osrelease", RELEASE + "\n")
    return Machine(str(tmp_path))


@pytest.mark.parametrize(
    ("file", "listed"),
    [
        ("updates/dkms/nvidia.ko", True),
        ("updates/dkms/nvidia.ko.xz", False),
        ("extra/nvidia.ko.zst", False),
        ("updates/dkms/nvidia-current.ko", False),
        ("kernel/nvidia-580/nvidia.ko", True),
    ],
)
def test_a_module_is_found_where_kernels_keep_it(machine: Machine, file: str, listed: bool) -> None:
    base = f"/lib/modules/{RELEASE}"
    put(Path(machine.root), f"{base}/{file}", "")
    put(Path(machine.root), f"{base}/updates/dkms/nvidia-uvm.ko", "")
    put(Path(machine.root), f"{base}/modules.dep", f"{file}: kernel/drivers/x.ko\n" if listed else "")
    assert module_file(machine, "nvidia", RELEASE) == f"{base}/{file}"


def test_a_module_that_is_only_listed_is_not_there(machine: Machine) -> None:
    put(Path(machine.root), f"/lib/modules/{RELEASE}/modules.dep", "updates/dkms/nvidia.ko:\n")
    assert kernel_module(machine, "nvidia") == {"loaded": None, "installed": None}


def test_a_module_without_a_version_of_its_own_is_loaded(machine: Machine) -> None:
    put(Path(machine.root), "/sys/module/nouveau/refcnt", "0\n")
    assert kernel_module(machine, "nouveau") == {"loaded": "", "installed": None}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Model: \t\t NVIDIA H100 80GB HBM3\nGPU UUID: \t GPU-4d04e08e-1c0f\nDevice Minor: \t 2\n",
            Information("NVIDIA H100 80GB HBM3", "GPU-4d04e08e-1c0f", "2"),
        ),
        ("Model: \t Unknown\nGPU UUID: \t GPU-????????-????\n", Information("Unknown", None, None)),
        ("", Information(None, None, None)),
    ],
)
def test_what_the_driver_writes_of_a_gpu(machine: Machine, text: str, expected: Information) -> None:
    put(Path(machine.root), f"/proc/driver/nvidia/gpus/{ADDRESS}/information", text)
    assert information(machine, ADDRESS) == expected


def test_a_gpu_that_no_driver_has_is_not_told_of(machine: Machine) -> None:
    assert information(machine, ADDRESS) == Information(None, None, None)
