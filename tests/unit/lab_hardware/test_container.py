"""What the library shows inside a container: the GPUs and instances whose device files may be opened."""

from __future__ import annotations

from collections.abc import Callable

import pynvml
import pytest

from tests.unit.lab_hardware.conftest import Server
from tests.unit.lab_hardware.mig import create, mig_uuids

Build = Callable[[dict[str, object]], Server]
pytestmark = pytest.mark.usefixtures("nvml")


@pytest.fixture
def enter(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Make the rules of a container hold from here on."""
    return lambda: monkeypatch.setenv("LAB_HARDWARE_CONTAINER", "1")


def test_only_the_given_gpus_are_seen_and_counted_from_zero(server: Build, enter: Callable[[], None]) -> None:
    built = server({"gpus": {"h100-sxm5-80gb": 8}, "nvswitches": 4})
    uuids = [gpu["uuid"] for gpu in built.records("gpu")]
    for minor in (0, 1, 3, 4, 6, 7):
        (built.devices / f"nvidia{minor}").unlink()
    enter()
    pynvml.nvmlInit()

    seen = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
    assert [pynvml.nvmlDeviceGetUUID(device) for device in seen] == [uuids[2], uuids[5]]
    assert [pynvml.nvmlDeviceGetIndex(device) for device in seen] == [0, 1]
    assert [pynvml.nvmlDeviceGetMinorNumber(device) for device in seen] == [2, 5]
    with pytest.raises(pynvml.NVMLError_NotFound):
        pynvml.nvmlDeviceGetHandleByUUID(uuids[0])


def test_without_the_control_device_there_is_no_driver(server: Build, enter: Callable[[], None]) -> None:
    built = server({"gpus": {"h100-sxm5-80gb": 1}})
    (built.devices / "nvidiactl").unlink()
    enter()
    with pytest.raises(pynvml.NVMLError_DriverNotLoaded):
        pynvml.nvmlInit()


def test_a_container_given_one_instance_sees_exactly_that_one(
    server: Build, enter: Callable[[], None]
) -> None:
    built = server({"gpus": {"a100-sxm4-40gb": 2}})
    pynvml.nvmlInit()
    device = pynvml.nvmlDeviceGetHandleByIndex(0)
    pynvml.nvmlDeviceSetMigMode(device, 1)
    for profile in (9, 14):  # 3g, 2g
        create(device, profile)
    three, _two = mig_uuids(device)
    # GPU instance 1 and its compute instance 0, as /proc/driver/nvidia-caps/mig-minors numbers them.
    for minor in (12, 13):
        (built.devices / "nvidia-caps" / f"nvidia-cap{minor}").unlink(missing_ok=True)
        (built.devices / "nvidia-caps" / f"nvidia-cap{minor}").touch()
    for other in built.devices.glob("nvidia-caps/*"):
        if other.name not in ("nvidia-cap12", "nvidia-cap13"):
            other.unlink()
    enter()

    assert mig_uuids(device) == [three]
    assert pynvml.nvmlDeviceGetUUID(pynvml.nvmlDeviceGetHandleByUUID(three)) == three
