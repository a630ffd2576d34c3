"""Who uses the GPUs and the MIG instances of a host: containers that were given them, processes that hold them.

A process that computes on an instance holds its capability, /dev/nvidia-caps/nvidia-capN; the driver tells
which N in /proc/driver/nvidia/capabilities (MIG user guide, "Device nodes and capabilities"). Runs on hosts:
Python 3.8, standard library only.
"""

from __future__ import annotations

import os
import re
from typing import Any, Dict, FrozenSet, Iterator, List, Mapping, NamedTuple, Sequence, Set, Tuple

from ..gpus.services import SERVICES
from ..gpus.workloads import container_of, docker_is_running, inspected, uses_gpu
from ..host.machine import Machine
from .refusal import Usage, User

_DEVICE = re.compile(r"^/dev/(nvidia(?:\d+|-uvm)|nvidia-caps/nvidia-cap\d+)$")
_SERVICE = re.compile(r"/([^/\n]+\.service)(?:/|$)", re.MULTILINE)
_CDI = "nvidia.com/gpu="
_ALL = "all"


class Place(NamedTuple):
    """Where one GPU is found: by its position, its minor number, and its MIG devices in NVML's order.

    A device is (UUID, GPU instance, compute instance).
    """

    uuid: str
    position: int
    minor: int
    devices: Tuple[Tuple[str, int, int], ...]


class _Holder(NamedTuple):
    user: User
    files: FrozenSet[str]


def find(machine: Machine, places: Sequence[Place]) -> Usage:
    """Return the users of the GPUs."""
    containers = inspected(machine) if docker_is_running(machine) else {}
    instances: Dict[Tuple[str, int], List[User]] = {}
    gpus: Dict[str, List[User]] = {}
    computing: Dict[str, List[User]] = {}
    holders = list(_holders(machine, containers))
    for place in places:
        capabilities = _capabilities(machine, place)
        for holder in holders:
            held = {gi for name, gi in capabilities.items() if name in holder.files}
            for gi in held:
                _add(instances, (place.uuid, gi), holder.user)
            if "nvidia%d" % place.minor in holder.files or held:
                _add(gpus, place.uuid, holder.user)
                if "nvidia-uvm" in holder.files or held:
                    _add(computing, place.uuid, holder.user)
        for container in containers.values():
            user = User("container " + _name(container))
            given, whole = _given(asked_for(container), place)
            for gi in given:
                _add(instances, (place.uuid, gi), user)
            if given or whole:
                _add(gpus, place.uuid, user)
                _add(computing, place.uuid, user)
    return Usage(
        {key: tuple(users) for key, users in instances.items()},
        {key: tuple(users) for key, users in gpus.items()},
        {key: tuple(users) for key, users in computing.items()},
    )


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


def _given(words: Set[str], place: Place) -> Tuple[Set[int], bool]:
    """Return which of the GPU's instances the words mean, and whether they mean the GPU itself."""
    whole = bool(words & {_ALL, str(place.position), place.uuid, "nvidia%d" % place.minor})
    found = set()
    for number, (uuid, gi, ci) in enumerate(place.devices):
        names = {uuid, "%d:%d" % (place.position, number), "MIG-%s/%d/%d" % (place.uuid, gi, ci)}
        if whole or words & names:
            found.add(gi)
    return found, whole


def _capabilities(machine: Machine, place: Place) -> Dict[str, int]:
    """Return the GPU instance of each capability file of a GPU: `{"nvidia-caps/nvidia-cap12": 1}`."""
    folder = "/proc/driver/nvidia/capabilities/gpu%d/mig" % place.minor
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


def _holders(machine: Machine, containers: Mapping[str, Mapping[str, Any]]) -> Iterator[_Holder]:
    for pid in machine.names("/proc"):
        if not pid.isdigit() or int(pid) == os.getpid():
            continue
        files = _open_devices(machine.path("/proc/%s/fd" % pid))
        if files:
            yield _Holder(_user(machine, pid, containers), files)


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


def _add(found: Dict[Any, List[User]], key: object, user: User) -> None:
    users = found.setdefault(key, [])
    if user not in users:
        users.append(user)
