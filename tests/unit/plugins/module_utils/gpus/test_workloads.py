"""Who uses the GPUs."""

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provision.plugins.module_utils.containers.socket import DockerSocketError, get
from provision.plugins.module_utils.gpus.workloads import docker_is_running, uses_gpu, workloads
from provision.plugins.module_utils.host.machine import Machine

from ..receipts.conftest import put

TRAIN, WEB = "a" * 64, "b" * 64


class Engine:
    """Answers on a socket as dockerd does."""

    def __init__(self, path: Path, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.asked: list[str] = []
        path.parent.mkdir(parents=True, exist_ok=True)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(str(path))
        self.listener.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                endpoint = connection.recv(4096).decode().split()[1]
                self.asked.append(endpoint)
                status = "200 OK" if endpoint in self.answers else "404 Not Found"
                body = json.dumps(self.answers.get(endpoint, {"message": "no such container"}))
                connection.sendall(
                    f"HTTP/1.0 {status}\r\nContent-Type: application/json\r\n\r\n{body}".encode()
                )


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


def process(root: Path, pid: int, comm: str, *, gpu: bool = True, container: str | None = None) -> None:
    put(root, f"/proc/{pid}/comm", comm + "\n")
    scope = f"0::/system.slice/docker-{container}.scope\n" if container else "0::/user.slice\n"
    put(root, f"/proc/{pid}/cgroup", scope)
    folder = root / f"proc/{pid}/fd"
    folder.mkdir()
    (folder / "3").symlink_to("/dev/nvidia0" if gpu else "/dev/null")
    (root / "dev").mkdir(exist_ok=True)
    (root / "dev/nvidia0").touch()


def told(root: Path) -> list[str]:
    return [f"{each['kind']} {each['subject']}" for each in workloads(Machine(str(root)))]


def test_containers_with_gpus_and_no_others(root: Path, engine: Engine) -> None:
    assert told(root) == ["container train"]
    assert engine.asked[0] == "/containers/json"


def test_processes_that_hold_a_gpu_and_not_the_drivers_own(root: Path, engine: Engine) -> None:
    process(root, 100, "python3")
    process(root, 99, "bash", gpu=False)
    process(root, 98, "nvidia-persiste")
    process(root, 97, "nv-fabricmanage")
    assert told(root) == ["container train", "process python3 (pid 100)"]
    assert engine.asked


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
    (root / "var/run/docker.pid").unlink()
    assert not docker_is_running(Machine(str(root)))


def test_an_engine_that_does_not_answer_hides_nothing_else(root: Path) -> None:
    process(root, 100, "python3")
    assert told(root) == ["process python3 (pid 100)"]


def test_what_the_socket_refuses_is_told(engine: Engine, root: Path) -> None:
    path = str(root / "var/run/docker.sock")
    with pytest.raises(DockerSocketError, match="no such container"):
        get("/containers/none/json", path)
    with pytest.raises(DockerSocketError):
        get("/containers/json", path + ".none")
    assert engine.asked == ["/containers/none/json"]


ALL = {"Env": ["PATH=/bin", "NVIDIA_VISIBLE_DEVICES=all"]}


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        ({"HostConfig": {"DeviceRequests": [{"Driver": "", "Count": -1, "Capabilities": [["gpu"]]}]}}, True),
        ({"HostConfig": {"DeviceRequests": [{"Driver": "nvidia"}]}}, True),
        ({"HostConfig": {"DeviceRequests": [{"Driver": "cdi", "DeviceIDs": ["nvidia.com/gpu=all"]}]}}, True),
        ({"HostConfig": {"DeviceRequests": [{"Driver": "cdi", "DeviceIDs": ["vendor.com/nic=0"]}]}}, False),
        ({"HostConfig": {"Devices": [{"PathOnHost": "/dev/nvidia0"}]}}, True),
        ({"HostConfig": {"Devices": [{"PathOnHost": "/dev/fuse"}]}}, False),
        ({"HostConfig": {"Runtime": "nvidia"}, "Config": ALL}, True),
        ({"HostConfig": {"Runtime": "runc"}, "Config": ALL}, False),
        ({"HostConfig": {"Runtime": "nvidia"}, "Config": {"Env": ["NVIDIA_VISIBLE_DEVICES=void"]}}, False),
        ({"HostConfig": {"Runtime": "nvidia"}, "Config": {"Env": None}}, False),
        ({"HostConfig": {"DeviceRequests": None, "Devices": None}}, False),
        ({}, False),
    ],
)
def test_the_ways_to_be_given_a_gpu(container: dict[str, Any], expected: bool) -> None:
    assert uses_gpu(container) is expected
