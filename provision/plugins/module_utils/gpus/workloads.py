"""Who uses the GPUs of a host: containers that were given some, processes that hold their device files.

Runs on hosts: Python 3.8, standard library only. Docker is asked over its socket, in one request for the list
and one a container; never while the engine is stopped, because connecting would start it.
"""

import os
import re
from typing import Any, Dict, List, Mapping, Optional

from ..containers.socket import SOCKET, DockerSocketError, get
from ..host.machine import Machine

_SERVICES = ("nvidia-persiste", "nv-fabricmanage", "nv-hostengine", "dcgm-exporter", "nvidia-imex", "nvlsm")
"""Names in /proc/PID/comm (15 characters) of programs that belong to the driver: they are not work."""


def workloads(machine: Machine) -> List[Dict[str, str]]:
    """Return `[{"kind": "container" or "process", "subject": text}]`."""
    containers = _containers(machine) if docker_is_running(machine) else {}
    found = {
        identifier: container["name"] for identifier, container in containers.items() if container["uses_gpu"]
    }
    processes = []
    for process in _gpu_processes(machine):
        owner = container_of(machine, process["pid"])
        if owner is None:
            processes.append("{comm} (pid {pid})".format(**process))
        else:
            found.setdefault(owner, containers[owner]["name"] if owner in containers else owner[:12])
    subjects = [("container", name) for name in sorted(found.values())]
    subjects += [("process", text) for text in processes]
    return [{"kind": kind, "subject": subject} for kind, subject in subjects]


def docker_is_running(machine: Machine) -> bool:
    """Tell whether the engine runs, without touching the socket that would start it."""
    pid = (machine.read("/var/run/docker.pid") or "").strip()
    return pid.isdigit() and (machine.read("/proc/{}/comm".format(pid)) or "").strip() == "dockerd"


def uses_gpu(container: Mapping[str, Any]) -> bool:
    """Tell from `docker inspect`'s answer whether the container was given GPUs.

    Ways to ask for them: a device request, a device file, a CDI device, or, under NVIDIA's runtime, the
    variable NVIDIA_VISIBLE_DEVICES (`void` and `none` ask for no GPU).
    """
    host = container.get("HostConfig") or {}
    for request in host.get("DeviceRequests") or []:
        words = [request.get("Driver") or "", *(request.get("DeviceIDs") or [])]
        words += [word for names in request.get("Capabilities") or [] for word in names]
        if any(word == "gpu" or "nvidia" in word for word in words):
            return True
    if any("/dev/nvidia" in (device.get("PathOnHost") or "") for device in host.get("Devices") or []):
        return True
    environment = dict(
        line.split("=", 1) for line in (container.get("Config") or {}).get("Env") or [] if "=" in line
    )
    visible = environment.get("NVIDIA_VISIBLE_DEVICES", "void")
    return host.get("Runtime") == "nvidia" and visible not in ("", "void", "none")


def inspected(machine: Machine) -> Dict[str, Dict[str, Any]]:
    """Return the engine's answer to `docker inspect` for every running container, by its id."""
    path = machine.path(SOCKET)
    found: Dict[str, Dict[str, Any]] = {}
    try:
        for entry in get("/containers/json", path):
            found[entry["Id"]] = dict(get("/containers/{}/json".format(entry["Id"]), path))
    except (DockerSocketError, KeyError, TypeError, ValueError):
        return found
    return found


def _containers(machine: Machine) -> Dict[str, Dict[str, Any]]:
    return {
        identifier: {
            "name": (container.get("Name") or identifier[:12]).lstrip("/"),
            "uses_gpu": uses_gpu(container),
        }
        for identifier, container in inspected(machine).items()
    }


def _gpu_processes(machine: Machine) -> List[Dict[str, str]]:
    if not any(name.startswith("nvidia") for name in machine.names("/dev")):
        return []
    found = []
    for pid in machine.names("/proc"):
        if pid.isdigit() and _holds_gpu(machine.path("/proc/{}/fd".format(pid))):
            comm = (machine.read("/proc/{}/comm".format(pid)) or "").strip()
            if not comm.startswith(_SERVICES):
                found.append({"pid": pid, "comm": comm})
    return sorted(found, key=lambda process: int(process["pid"]))


def _holds_gpu(folder: str) -> bool:
    try:
        for name in os.listdir(folder):
            if os.readlink(os.path.join(folder, name)).startswith("/dev/nvidia"):
                return True
    except OSError:  # the process has ended
        pass
    return False


def container_of(machine: Machine, pid: str) -> Optional[str]:
    """Return the id of the container that a process belongs to, or None.

    A host that is a container itself (its first process is in one) is no container of its own.
    """
    outer = _container_ids(machine, "1")
    inner = [each for each in _container_ids(machine, pid) if each not in outer]
    return inner[-1] if inner else None


def _container_ids(machine: Machine, pid: str) -> List[str]:
    text = machine.read("/proc/{}/cgroup".format(pid)) or ""
    return re.findall(r"[/-]([0-9a-f]{64})(?=\.scope|/|$)", text, re.MULTILINE)
