"""What the library shows inside a container: the GPUs and instances whose device files may be opened."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pynvml
import pytest

from provision.lab.hardware import compile_sample
from tests.unit.lab.hardware.conftest import Server
from tests.unit.lab.hardware.mig import create, destroy, mig_uuids, place

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
    for other in built.devices.glob("nvidia-caps/*"):
        if other.name not in ("nvidia-cap12", "nvidia-cap13"):
            other.unlink()
    enter()

    assert mig_uuids(device) == [three]
    assert pynvml.nvmlDeviceGetUUID(pynvml.nvmlDeviceGetHandleByUUID(three)) == three


class Sample:
    """A CUDA program on a server's driver."""

    def __init__(self, folder: Path) -> None:
        compile_sample(folder)
        self.program = folder / "vectorAdd"

    def run(self, server: Server, **environment: str) -> tuple[int, str]:
        """Run it once. Returns its exit code and its last line."""
        done = subprocess.run(
            [str(self.program)],
            env={**os.environ, "LD_LIBRARY_PATH": str(server.programs), **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, (done.stdout + done.stderr).splitlines()[-1]

    def hold(self, server: Server, **environment: str) -> subprocess.Popen[str]:
        """Start it and let it keep its GPU."""
        process = subprocess.Popen(
            [str(self.program), "--hold"],
            env={**os.environ, "LD_LIBRARY_PATH": str(server.programs), **environment},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        while process.stdout.readline() != "Done\n":
            assert process.poll() is None
        return process


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    return Sample(tmp_path / "sample")


def test_a_cuda_program_says_whether_it_can_compute(sample: Sample, server: Build) -> None:
    built = server({"gpus": {"h100-sxm5-80gb": 1}, "nvswitches": 4})
    assert sample.run(built) == (
        1,
        "Failed to allocate device vector A (error code system not yet initialized)!",
    )
    state = built.state / "state"
    state.write_text(state.read_text().replace("fabric=waiting", "fabric=completed"))
    assert sample.run(built) == (0, "Done")
    assert sample.run(built, CUDA_VISIBLE_DEVICES="7")[0] == 1
    built.power_on(version="580.82.07")
    assert "driver combination" in sample.run(built)[1]
    built.power_on(version="")
    assert "no CUDA-capable device" in sample.run(built)[1]


def test_a_program_on_an_instance_keeps_it_busy(sample: Sample, server: Build) -> None:
    built = server({"gpus": {"a100-sxm4-40gb": 1}})
    pynvml.nvmlInit()
    device = pynvml.nvmlDeviceGetHandleByIndex(0)
    pynvml.nvmlDeviceSetMigMode(device, 1)
    assert "no CUDA-capable device" in sample.run(built)[1]
    busy, free = create(device, 9), create(device, 14)
    _, uuid_of_free = mig_uuids(device)
    pynvml.nvmlShutdown()
    pynvml.nvmlInit()

    process = sample.hold(built, CUDA_VISIBLE_DEVICES=mig_uuids(device)[0])
    try:
        (app,) = pynvml.nvmlDeviceGetComputeRunningProcesses(device)
        assert (app.pid, app.gpuInstanceId, app.computeInstanceId) == (process.pid, place(busy)[0], 0)
        with pytest.raises(pynvml.NVMLError_InUse):
            destroy(busy)
        destroy(free)
        assert uuid_of_free not in mig_uuids(device)
    finally:
        process.kill()
        process.communicate()
    destroy(busy)
