"""Who uses the GPUs and the MIG instances of a host, of those who hold its GPUs.

A process that computes on an instance holds its capability, /dev/nvidia-caps/nvidia-capN; the driver tells which N in
/proc/driver/nvidia/capabilities (MIG user guide, "Device nodes and capabilities").
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Dict, List, Mapping, NamedTuple, Sequence, Set, Tuple

from ..containers.engine import name_of
from ..containers.gpus import ALL, asked_for
from ..gpus.holders import Holders
from ..host.machine import Machine
from .gpu import User


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


def find(machine: Machine, gpus: Sequence[GpuNames], holders: Holders) -> Dict[str, GpuUsers]:
    """Return the users of the GPUs, by UUID."""
    return {gpu.uuid: _find(machine, gpu, holders) for gpu in gpus}


def _find(machine: Machine, gpu: GpuNames, holders: Holders) -> GpuUsers:
    users: List[User] = []
    instances: Dict[int, List[User]] = {}
    capabilities = _capabilities(machine, gpu)
    for process in holders.processes:
        user = User("%s %s" % holders.subject(process), process.service)
        held = {gi for name, gi in capabilities.items() if name in process.files}
        if held or "nvidia%d" % gpu.minor in process.files:
            users.append(replace(user, computes=bool(held) or "nvidia-uvm" in process.files))
        for gi in held:
            instances.setdefault(gi, []).append(user)
    for container in holders.containers.values():
        user = User("container " + name_of(container))
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


def _given(words: Set[str], gpu: GpuNames) -> Tuple[Set[int], bool]:
    """Return which of the GPU's instances the words mean, and whether they mean the GPU itself."""
    whole = bool(words & {ALL, str(gpu.position), gpu.uuid, "nvidia%d" % gpu.minor})
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
