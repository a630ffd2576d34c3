"""Who holds the GPUs, and who of them works."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from provision.plugins.module_utils.gpus.holders import Process, look, workloads
from provision.plugins.module_utils.host.machine import Machine

from ..containers.fake_engine import Engine
from ..receipts.conftest import put

TRAIN, WEB = "a" * 64, "b" * 64


@pytest.fixture
def root(tmp_path: Path) -> Path:
    # Sockets have short paths: not under pytest's long ones.
    put(tmp_path, "/var/run/docker.pid", "41\n")
    put(tmp_path, "/proc/41/comm", "dockerd\n")
    return tmp_path


@pytest.fixture
def engine(root: Path) -> Iterator[Engine]:
    found = Engine(
        root / "var/run/docker.sock",
        {
            "/containers/json": [{"Id": TRAIN}, {"Id": WEB}, {"Id": "c" * 64}],
            f"/containers/{TRAIN}/json": {
                "Name": "/train",
                "HostConfig": {"Runtime": "nvidia"},
                "Config": {"Env": ["NVIDIA_VISIBLE_DEVICES=all"]},
            },
            f"/containers/{WEB}/json": {"Name": "/web", "HostConfig": {"Runtime": "runc"}, "Config": {}},
        },
    )
    yield found
    found.listener.close()


def process(
    root: Path,
    pid: int,
    comm: str,
    *files: str,
    gpu: bool = True,
    container: str | None = None,
    unit: str | None = None,
) -> None:
    put(root, f"/proc/{pid}/comm", comm + "\n")
    scope = f"/system.slice/docker-{container}.scope" if container else "/user.slice"
    put(root, f"/proc/{pid}/cgroup", f"0::{f'/system.slice/{unit}' if unit else scope}\n")
    folder = root / f"proc/{pid}/fd"
    folder.mkdir()
    for number, file in enumerate(files or ("nvidia0" if gpu else "null",)):
        (folder / str(number)).symlink_to(f"/dev/{file}")
    (root / "dev").mkdir(exist_ok=True)
    (root / "dev/nvidia0").touch()


def told(root: Path) -> list[str]:
    return [f"{each['kind']} {each['subject']}" for each in workloads(look(Machine(str(root))))]


def test_containers_with_gpus_and_no_others(root: Path, engine: Engine) -> None:
    assert told(root) == ["container train"]
    assert engine.asked[0] == "/containers/json"


def test_processes_that_hold_a_gpu_and_not_the_drivers_own(root: Path, engine: Engine) -> None:
    process(root, 100, "python3")
    process(root, 99, "bash", gpu=False)
    process(root, 98, "nvidia-persiste", unit="nvidia-persistenced.service")
    process(root, 97, "nv-fabricmanage", unit="nvidia-fabricmanager.service")
    process(root, 96, "nvlsm", unit="nvidia-fabricmanager.service")
    process(root, 95, "nv-hostengine", unit="nvidia-dcgm.service")
    assert told(root) == ["container train", "process python3 (pid 100)"]
    assert engine.asked


@pytest.mark.parametrize("name", ["nvidia-persiste", "nvlsm-train", "dcgm-exporter"])
def test_a_name_alone_makes_nobody_a_service_of_the_driver(root: Path, name: str) -> None:
    process(root, 100, name)
    process(root, 101, name, unit="ollama.service")
    assert told(root) == [f"process {name} (pid 100)", f"process {name} (pid 101)"]


def test_a_process_in_a_container_is_told_as_the_container(root: Path, engine: Engine) -> None:
    process(root, 100, "python3", container=TRAIN)
    process(root, 101, "worker", container=WEB)
    process(root, 102, "other", container="d" * 64)
    assert told(root) == ["container dddddddddddd", "container train", "container web"]
    assert engine.asked


def test_a_stopped_engine_is_not_started_by_asking(root: Path, engine: Engine) -> None:
    put(root, "/proc/41/comm", "somebody-else\n")
    assert told(root) == []
    assert engine.asked == []


def test_an_engine_that_does_not_answer_hides_nothing_else(root: Path) -> None:
    process(root, 100, "python3")
    assert told(root) == ["process python3 (pid 100)"]


def test_every_device_file_of_a_process_is_known(root: Path) -> None:
    process(root, 100, "python3", "nvidia-caps/nvidia-cap12", "nvidiactl", "null", "nvidia-uvm")
    assert look(Machine(str(root))).processes == (
        Process(100, "python3", frozenset({"nvidia-caps/nvidia-cap12", "nvidiactl", "nvidia-uvm"}), "", ""),
    )


def test_the_process_that_looks_does_not_count(root: Path) -> None:
    process(root, os.getpid(), "python3")
    assert look(Machine(str(root))).processes == ()


def test_a_host_that_is_a_container_is_no_container_of_its_own(root: Path) -> None:
    put(root, "/proc/1/cgroup", f"0::/docker/{TRAIN}/init.scope\n")
    put(root, "/dev/nvidia0", "")
    for pid, path in ((100, "user.slice"), (101, f"system.slice/docker-{WEB}.scope")):
        put(root, f"/proc/{pid}/cgroup", f"0::/docker/{TRAIN}/{path}\n")
        (root / f"proc/{pid}/fd").mkdir()
        (root / f"proc/{pid}/fd/3").symlink_to("/dev/nvidia0")
    assert [each.container for each in look(Machine(str(root))).processes] == ["", WEB]
