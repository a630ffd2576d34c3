"""Who holds the GPUs of a host: containers that were given some, processes that have their device files open.

Docker is asked over its socket, in one request for the list and one a container; never while the engine is stopped,
because connecting would start it.
"""

from __future__ import annotations

import contextlib
import os
import re
from typing import Any, Dict, FrozenSet, List, Mapping, NamedTuple, Tuple

from ..containers.engine import SOCKET, DockerApiError, containers, is_running, name_of
from ..containers.gpus import has_gpu
from ..host.machine import Machine
from .services import SERVICES

_DEVICE = re.compile(r"^/dev/(nvidia.*)$")
_SERVICE = re.compile(r"/([^/\n]+\.service)(?:/|$)", re.MULTILINE)
_CONTAINER = re.compile(r"[/-]([0-9a-f]{64})(?=\.scope|/|$)", re.MULTILINE)


class Process(NamedTuple):
    """A process that has device files of GPUs open: `files` are their names below /dev, `nvidia0`.

    `service` is the unit of the driver that it belongs to, `container` the id of its container; "" for none.
    """

    pid: int
    name: str
    files: FrozenSet[str]
    service: str
    container: str


class Holders(NamedTuple):
    """All of them at one moment: the running containers, with GPUs or without, by id, and the processes."""

    containers: Mapping[str, Mapping[str, Any]]
    processes: Tuple[Process, ...]

    def subject(self, process: Process) -> Tuple[str, str]:
        """Return who a process is: `("process", "python3 (pid 7)")`, or the container that it is in."""
        if not process.container:
            return "process", "{} (pid {})".format(process.name, process.pid)
        details = self.containers.get(process.container)
        return "container", name_of(details) if details else process.container[:12]


def look(machine: Machine) -> Holders:
    """Return who holds the GPUs of a machine; of its processes, this one does not count."""
    running: Mapping[str, Mapping[str, Any]] = {}
    if is_running(machine):
        with contextlib.suppress(DockerApiError):
            running = containers(machine.path(SOCKET))
    return Holders(running, tuple(_processes(machine)))


def workloads(holders: Holders) -> List[Dict[str, str]]:
    """Return who works: `[{"kind": "container" or "process", "subject": text}]`, without the driver's services."""
    given = {name_of(details) for details in holders.containers.values() if has_gpu(details)}
    subjects = [holders.subject(process) for process in holders.processes if not process.service]
    inside = {subject for kind, subject in subjects if kind == "container"}
    told = [("container", name) for name in sorted(given | inside)]
    told += [each for each in subjects if each[0] == "process"]
    return [{"kind": kind, "subject": subject} for kind, subject in told]


def _processes(machine: Machine) -> List[Process]:
    if not any(name.startswith("nvidia") for name in machine.names("/dev")):
        return []
    # A host that is a container itself, its first process in one, is no container of its own.
    outer = _CONTAINER.findall(machine.read("/proc/1/cgroup") or "")
    found = []
    for pid in sorted(int(name) for name in machine.names("/proc") if name.isdigit()):
        files = _open_devices(machine, pid) if pid != os.getpid() else None
        if files:
            cgroup = machine.read("/proc/{}/cgroup".format(pid)) or ""
            inner = [each for each in _CONTAINER.findall(cgroup) if each not in outer]
            name = (machine.read("/proc/{}/comm".format(pid)) or "").strip()
            service = "" if inner else _service(cgroup)
            found.append(Process(pid, name, files, service, inner[-1] if inner else ""))
    return found


def _open_devices(machine: Machine, pid: int) -> FrozenSet[str]:
    folder = "/proc/{}/fd".format(pid)
    found = set()
    for name in machine.names(folder):
        with contextlib.suppress(OSError):  # the file was closed, or the process has ended
            match = _DEVICE.match(os.readlink(machine.path("{}/{}".format(folder, name))))
            if match:
                found.add(match.group(1))
    return frozenset(found)


def _service(cgroup: str) -> str:
    """Return the driver's service that a process is part of; its name would be its user's to choose."""
    units = _SERVICE.findall(cgroup)
    return units[-1] if units and units[-1] in SERVICES else ""
