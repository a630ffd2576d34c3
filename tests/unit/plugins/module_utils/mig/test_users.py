"""Who uses which instance: processes by what they hold, containers by what they were given."""

from pathlib import Path
from typing import Any

import pytest

from provision.plugins.module_utils.gpus import holders
from provision.plugins.module_utils.host.machine import Machine
from provision.plugins.module_utils.mig.gpu import User
from provision.plugins.module_utils.mig.users import GpuNames, GpuUsers, find

FIRST = GpuNames("GPU-a", 0, 0, (("MIG-a", 1, 0), ("MIG-b", 3, 0)))
SECOND = GpuNames("GPU-b", 1, 1, ())
CONTAINER = "c" * 64
PERSISTENCED = "nvidia-persistenced.service"


class Host:
    """A machine in a folder, with the driver's capabilities of FIRST's two instances."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for instance, minor in ((1, 12), (3, 30)):
            self.write(
                f"proc/driver/nvidia/capabilities/gpu0/mig/gi{instance}/access", f"DeviceFileMinor: {minor}\n"
            )
            self.write(
                f"proc/driver/nvidia/capabilities/gpu0/mig/gi{instance}/ci0/access",
                f"DeviceFileMinor: {minor + 1}\n",
            )
        self.write("dev/nvidia0", "")
        self.write("proc/1/cgroup", f"0::/docker/{'e' * 64}/init.scope\n")

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def process(self, pid: int, name: str, *files: str, cgroup: str = "/user.slice") -> None:
        self.write(f"proc/{pid}/comm", name + "\n")
        self.write(f"proc/{pid}/cgroup", f"0::/docker/{'e' * 64}{cgroup}\n")
        (self.root / f"proc/{pid}/fd").mkdir()
        for number, file in enumerate(files):
            (self.root / f"proc/{pid}/fd/{number}").symlink_to(f"/dev/{file}")

    def find(self) -> dict[str, GpuUsers]:
        machine = Machine(str(self.root))
        return find(machine, [FIRST, SECOND], holders.look(machine))


@pytest.fixture
def containers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What Docker tells of its running containers."""
    told: dict[str, Any] = {}
    monkeypatch.setattr(holders, "is_running", lambda _machine: True)
    monkeypatch.setattr(holders, "containers", lambda _path: told)
    return told


@pytest.fixture
def host(tmp_path: Path, containers: dict[str, Any]) -> Host:
    assert not containers
    return Host(tmp_path)


def given(value: str) -> dict[str, Any]:
    return {
        "Name": "/job",
        "HostConfig": {"Runtime": "nvidia"},
        "Config": {"Env": [f"NVIDIA_VISIBLE_DEVICES={value}"]},
    }


def test_nobody_uses_an_idle_host(host: Host) -> None:
    host.process(7, "bash", "null", "pts/0")
    assert host.find() == {"GPU-a": GpuUsers(), "GPU-b": GpuUsers()}


@pytest.mark.parametrize(("minor", "instance"), [(12, 1), (13, 1), (30, 3), (31, 3)])
def test_a_process_on_an_instance_holds_its_capability(host: Host, minor: int, instance: int) -> None:
    host.process(7, "python3", f"nvidia-caps/nvidia-cap{minor}", "nvidia0", "nvidiactl")
    user = (User("process python3 (pid 7)"),)
    assert host.find() == {"GPU-a": GpuUsers(user, {instance: user}), "GPU-b": GpuUsers()}


def test_a_service_of_the_driver_holds_a_gpu_and_does_not_compute(host: Host) -> None:
    host.process(
        7, "nvidia-persiste", "nvidia0", "nvidia1", "nvidiactl", cgroup=f"/system.slice/{PERSISTENCED}"
    )
    user = (User("process nvidia-persiste (pid 7)", PERSISTENCED, computes=False),)
    assert host.find() == {"GPU-a": GpuUsers(user), "GPU-b": GpuUsers(user)}


def test_a_foreign_service_is_work(host: Host) -> None:
    host.process(7, "ollama", "nvidia1", "nvidia-uvm", cgroup="/system.slice/ollama.service")
    user = (User("process ollama (pid 7)"),)
    assert host.find() == {"GPU-a": GpuUsers(), "GPU-b": GpuUsers(user)}


def test_a_process_in_a_container_is_told_as_the_container(host: Host, containers: dict[str, Any]) -> None:
    containers[CONTAINER] = {"Name": "/train", "Config": {}, "HostConfig": {}}
    host.process(7, "python3", "nvidia-caps/nvidia-cap30", cgroup=f"/system.slice/docker-{CONTAINER}.scope")
    assert host.find()["GPU-a"].instances == {3: (User("container train"),)}


def test_a_container_computes_if_one_of_its_processes_does(host: Host, containers: dict[str, Any]) -> None:
    containers[CONTAINER] = {"Name": "/train", "Config": {}, "HostConfig": {}}
    scope = f"/system.slice/docker-{CONTAINER}.scope"
    host.process(7, "sh", "nvidia1", cgroup=scope)
    host.process(8, "python3", "nvidia1", "nvidia-uvm", cgroup=scope)
    host.process(9, "tail", "nvidia1", cgroup=scope)
    assert host.find()["GPU-b"].gpu == (User("container train"),)


@pytest.mark.parametrize(
    ("value", "instances", "gpus"),
    [
        ("MIG-b", {3}, {"GPU-a"}),
        ("0:0", {1}, {"GPU-a"}),
        ("MIG-GPU-a/3/0", {3}, {"GPU-a"}),
        ("nvidia.com/gpu=0:1", {3}, {"GPU-a"}),
        ("nvidia.com/gpu=MIG-a", {1}, {"GPU-a"}),
        ("MIG-a,MIG-b", {1, 3}, {"GPU-a"}),
        ("0", {1, 3}, {"GPU-a"}),
        ("GPU-b", set(), {"GPU-b"}),
        ("1", set(), {"GPU-b"}),
        ("all", {1, 3}, {"GPU-a", "GPU-b"}),
        ("MIG-gone", set(), set()),
        ("void", set(), set()),
    ],
)
def test_a_container_uses_what_it_was_given_even_while_idle(
    host: Host, containers: dict[str, Any], value: str, instances: set[int], gpus: set[str]
) -> None:
    containers[CONTAINER] = given(value)
    found = host.find()
    assert set(found["GPU-a"].instances) == instances
    assert {uuid for uuid, users in found.items() if users.gpu} == gpus
    assert {user for users in found.values() for user in users.gpu} <= {User("container job")}
