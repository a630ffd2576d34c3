"""A powered-on simulated server without a container: its state in a directory, its library in this process."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pynvml
import pytest

from provision.lab.hardware import Hardware, compile_userspace, native
from provision.lab.hardware.description import describe
from tests.needs import needing

VERSION = "580.95.05"
HOST = Path(native.__file__).with_name("host")

# Runs the host's own programs on a state directory in place of /run/lab-hardware.
_POWER_ON = """
import json, sys
from pathlib import Path
import layout
folder = Path(sys.argv[1])
layout.PERSISTENT, layout.FAULTS = folder, folder / "faults"
layout.GENERATIONS, layout.INFOROM = folder / "generations", folder / "inforom"
import records, state
with state.locked(folder / "state") as found:
    found.records = []
    records.power_on(found, json.loads((folder / "hardware.json").read_text()))
    if sys.argv[2]:
        found.add("module", name="nvidia", version=sys.argv[2], flavour="open")
    for name in sys.argv[3:]:
        found.add("fault", name=name)
"""


@dataclass(frozen=True)
class Server:
    """A simulated server: its state directory, its device files, and where its driver's programs are."""

    state: Path
    devices: Path
    programs: Path

    def power_on(self, *faults: str, version: str = VERSION) -> None:
        """Begin anew, as after a reboot: only what is kept in the GPUs stays. An empty version: no driver."""
        command = [sys.executable, "-c", _POWER_ON, str(self.state), version, *faults]
        subprocess.run(command, cwd=HOST, check=True)

    def smi(self, *arguments: str) -> tuple[int, str]:
        """Run nvidia-smi. Returns its exit code and what it printed."""
        environment = {**os.environ, "LD_LIBRARY_PATH": str(self.programs)}
        command = [str(self.programs / "nvidia-smi"), *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.stderr == ""
        return done.returncode, done.stdout

    def lose(self, index: int) -> None:
        """Let a GPU fall off the bus."""
        path = self.state / "state"
        lines = path.read_text().splitlines(keepends=True)
        falls = f"gpu\tindex={index}\t"
        path.write_text(
            "".join(line.replace("lost=0", "lost=1") if falls in line else line for line in lines)
        )

    def records(self, kind: str) -> list[dict[str, str]]:
        """Return the records of one kind in the state file."""
        lines = [line.split("\t") for line in (self.state / "state").read_text().splitlines()]
        return [dict(field.split("=", 1) for field in line[1:]) for line in lines if line[0] == kind]


def build_driver(version: str, folder: Path) -> Path:
    """Compile a driver's user space, with the links that ldconfig would make."""
    compile_userspace(version, folder)
    for name in ("libnvidia-ml", "libcuda"):
        (folder / f"{name}.so.1").symlink_to(f"{name}.so.{version}")
    return folder


@pytest.fixture(scope="session")
@needing("gcc", "objcopy")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The user space of the driver that the tests' servers have."""
    return build_driver(VERSION, tmp_path_factory.mktemp("driver"))


@pytest.fixture
def server(
    tmp_path: Path, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[dict[str, object]], Server]:
    """Power on a server with the hardware that is given in lab.yml's form."""

    def build(hardware: dict[str, object]) -> Server:
        folder = tmp_path / "state"
        folder.mkdir()
        described = describe(Hardware.from_mapping({"identity": "test", **hardware}))
        (folder / "hardware.json").write_text(json.dumps(described))
        devices = tmp_path / "dev"
        (devices / "nvidia-caps").mkdir(parents=True)
        gpus = sum(device["kind"] == "gpu" for device in described["devices"])
        for name in ("nvidiactl", "nvidia-uvm", *(f"nvidia{minor}" for minor in range(gpus))):
            (devices / name).touch()
        monkeypatch.setenv("LAB_HARDWARE_STATE", str(folder))
        # Servers of a running lab on this machine hold device files of the same names below /dev.
        monkeypatch.setenv("LAB_HARDWARE_DEV", str(devices))
        built = Server(state=folder, devices=devices, programs=programs)
        built.power_on()
        return built

    return build


@pytest.fixture
def nvml(programs: Path) -> Iterator[None]:
    """Let the unmodified nvidia-ml-py drive our library: its name is already taken when pynvml asks for it."""
    ctypes.CDLL(str(programs / f"libnvidia-ml.so.{VERSION}"))
    yield
    try:
        while True:
            pynvml.nvmlShutdown()
    except pynvml.NVMLError_Uninitialized:
        pass


@pytest.fixture
def holder() -> Iterator[list[int]]:
    """Processes that `hold` starts, ended with the test."""
    pids: list[int] = []
    yield pids
    for pid in pids:
        os.kill(pid, 9)
        os.waitpid(pid, 0)


def hold(server: Server, pids: list[int], *names: str) -> None:
    """Start a process that holds device files, as a client of the driver does."""
    done, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        for name in names:
            os.open(server.devices / name, os.O_RDONLY)
        os.write(told, b"1")
        signal.pause()
    pids.append(pid)
    os.read(done, 1)
