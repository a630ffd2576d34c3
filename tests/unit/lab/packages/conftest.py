"""Shared by the tests of the lab's packages: a machine as NVML would describe it."""

import pytest

from provision.lab.packages.doubles.container_toolkit.cdi import Edits
from provision.lab.packages.doubles.container_toolkit.inventory import Gpu, Machine, Mig


@pytest.fixture
def machine() -> Machine:
    """GPU 0 whole, on /dev/nvidia3; GPU 1 in MIG mode with two devices."""
    return Machine(
        driver_version="580.95.05",
        gpus=(
            Gpu(index=0, minor=3, uuid="GPU-aaaa"),
            Gpu(
                index=1,
                minor=1,
                uuid="GPU-bbbb",
                mig_enabled=True,
                migs=(Mig(0, "MIG-cccc", 12, 13), Mig(1, "MIG-dddd", 21, 22)),
            ),
        ),
    )


@pytest.fixture
def common() -> Edits:
    """Return a shortened form of what every container with a GPU gets."""
    return Edits(
        nodes=("/dev/nvidiactl",),
        mounts=(("/usr/bin/nvidia-smi", "/usr/bin/nvidia-smi"),),
        env=("NVIDIA_VISIBLE_DEVICES=void",),
    )
