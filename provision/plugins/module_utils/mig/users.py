"""Who uses the GPUs and the MIG instances of a host: containers that were given them, processes that hold them.

A process that computes on an instance holds its capability, /dev/nvidia-caps/nvidia-capN; the driver tells
which N in /proc/driver/nvidia/capabilities (MIG user guide, "Device nodes and capabilities"). Runs on hosts:
Python 3.8, standard library only.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import Any, Dict, FrozenSet, Iterator, List, Mapping, NamedTuple, Sequence, Set, Tuple

from ..gpus.services import SERVICES
from ..gpus.workloads import container_of, docker_is_running, inspected, uses_gpu
from ..host.machine import Machine
from .gpu import User

_DEVICE = re.compile(r"^/dev/(nvidia(?:\d+|-uvm)|nvidia-caps/nvidia-cap\d+)$")
_SERVICE = re.compile(r"/([^/\n]+\.service)(?:/|$)", re.MULTILINE)
_CDI = "nvidia.com/gpu="
_ALL = "all"


class GpuNames(NamedTuple):
    """Where one GPU is found: by its position, its minor number, and its MIG devices in NVML's order.

    A device is (UUID, GPU instance, compute instance).
    """

    uuid: str
    position: int
    minor: int
    mig_devices: Tuple[Tuple[str, int, int], ...]


class GpuUsers(NamedTuple):
    """Who uses one GPU, and who its GPU instances, by their ids."""

    gpu: Tuple[User, ...] = ()
    instances: Mapping[int, Tuple[User, ...]] = {}


class _Process(NamedTuple):
    user: User
    files: FrozenSet[str]


def find(machine: Machine, gpus: Sequence[GpuNames]) -> Dict[str, GpuUsers]:
    """Return the users of the GPUs, by UUID."""
    containers = inspected(machine) if docker_is_running(machine) else {}
    processes = list(_processes(machine, containers))
    return {gpu.uuid: _find(machine, gpu, processes, containers) for gpu in gpus}


def _find(
    machine: Machine,
    gpu: GpuNames,
    processes: Sequence[_Process],
    containers: Mapping[str, Mapping[str, Any]],
) -> GpuUsers:
    users: List[User] = []
    instances: Dict[int, List[User]] = {}
    capabilities = _capabilities(machine, gpu)
    for process in processes:
        held = {gi for name, gi in capabilities.items() if name in process.files}
        if held or "nvidia%d" % gpu.minor in process.files:
            users.append(replace(process.user, computes=bool(held) or "nvidia-uvm" in process.files))
        for gi in held:
            instances.setdefault(gi, []).append(process.user)
    for container in containers.values():
        user = User("container " + _name(container))
        given, whole = _given(asked_for(container), gpu)
        if given or whole:
            users.append(user)
        for gi in given:
            instances.setdefault(gi, []).append(user)
    return GpuUsers(_once(users), {gi: _once(found) for gi, found in instances.items()})


def _once(users: Sequence[User]) -> Tuple[User, ...]:
    """Return each user once: a container computes if one of its processes does."""
    found: Dict[Tuple[str, str], User] = {}
    for user in users:
        if user.computes or (user.text, user.unit) not in found:
            found[user.text, user.unit] = user
    return tuple(found.values())


def asked_for(container: Mapping[str, Any]) -> Set[str]:
    """Return the devices that a container was given, in its own words: indices, UUIDs, `all`, file names.

    `container` is what `docker inspect` answers.
    """
    if not uses_gpu(container):
        return set()
    host = container.get("HostConfig") or {}
    words: Set[str] = set()
    for request in host.get("DeviceRequests") or []:
        words.update(request.get("DeviceIDs") or [_ALL])
    for device in host.get("Devices") or []:
        words.add((device.get("PathOnHost") or "").replace("/dev/", "", 1))
    for line in (container.get("Config") or {}).get("Env") or []:
        name, _, value = line.partition("=")
        if name == "NVIDIA_VISIBLE_DEVICES" and value not in ("", "void", "none"):
            words.update(word.strip() for word in value.split(","))
    return {word[len(_CDI) :] if word.startswith(_CDI) else word for word in words if word}


def _given(words: Set[str], gpu: GpuNames) -> Tuple[Set[int], bool]:
    """Return which of the GPU's instances the words mean, and whether they mean the GPU itself."""
    whole = bool(words & {_ALL, str(gpu.position), gpu.uuid, "nvidia%d" % gpu.minor})
    found = set()
    for number, (uuid, gi, ci) in enumerate(gpu.mig_devices):
        names = {uuid, "%d:%d" % (gpu.position, number), "MIG-%s/%d/%d" % (gpu.uuid, gi, ci)}
        if whole or words & names:
            found.add(gi)
    return found, whole


def _capabilities(machine: Machine, gpu: GpuNames) -> Dict[str, int]:
    """Return the GPU instance of each capability file of a GPU: `{"nvidia-caps/nvidia-cap12": 1}`."""
    folder = "/proc/driver/nvidia/capabilities/gpu%d/mig" % gpu.minor
    found = {}
    for name in machine.names(folder):
        number = re.match(r"gi(\d+)$", name)
        if number is None:
            continue
        base = "%s/%s" % (folder, name)
        parts = [base] + ["%s/%s" % (base, each) for each in machine.names(base) if each.startswith("ci")]
        for part in parts:
            minor = re.search(r"DeviceFileMinor:\s*(\d+)", machine.read(part + "/access") or "")
            if minor:
                found["nvidia-caps/nvidia-cap" + minor.group(1)] = int(number.group(1))
    return found


def _processes(machine: Machine, containers: Mapping[str, Mapping[str, Any]]) -> Iterator[_Process]:
    for pid in machine.names("/proc"):
        if not pid.isdigit() or int(pid) == os.getpid():
            continue
        files = _open_devices(machine.path("/proc/%s/fd" % pid))
        if files:
            yield _Process(_user(machine, pid, containers), files)


def _user(machine: Machine, pid: str, containers: Mapping[str, Mapping[str, Any]]) -> User:
    owner = container_of(machine, pid)
    if owner is not None:
        return User("container " + (_name(containers[owner]) if owner in containers else owner[:12]))
    name = (machine.read("/proc/%s/comm" % pid) or "").strip()
    services = _SERVICE.findall(machine.read("/proc/%s/cgroup" % pid) or "")
    unit = services[-1] if services else ""
    return User("process %s (pid %s)" % (name, pid), unit if unit in SERVICES else "")


def _open_devices(folder: str) -> FrozenSet[str]:
    found = set()
    try:
        for name in os.listdir(folder):
            match = _DEVICE.match(os.readlink(os.path.join(folder, name)))
            if match:
                found.add(match.group(1))
    except OSError:  # the process has ended
        pass
    return frozenset(found)


def _name(container: Mapping[str, Any]) -> str:
    return str(container.get("Name") or container.get("Id", "")[:12]).lstrip("/")
