"""What the running Docker engine says of itself and of its containers, asked at its socket.

The command-line client is not needed for this, and cannot mislead: a context or DOCKER_HOST in root's environment may
point it to another machine. Nor is `http.client`, whose import costs more than the answers. Connecting starts a
stopped engine where systemd listens on the socket; who must not start it asks `is_running` first.
"""

from __future__ import annotations

import json
import socket
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple

from ..host.machine import Machine
from .gpus import has_gpu

SOCKET = "/var/run/docker.sock"
_TIMEOUT = 15.0


class DockerApiError(Exception):
    """The engine did not answer as its API promises."""


class Container(NamedTuple):
    """A running container: name, image, and whether it was given GPUs."""

    name: str
    image: str
    gpu: bool


def is_running(machine: Machine) -> bool:
    """Tell whether the engine runs, without touching the socket that would start it."""
    pid = (machine.read("/var/run/docker.pid") or "").strip()
    return pid.isdigit() and (machine.read("/proc/{}/comm".format(pid)) or "").strip() == "dockerd"


def get(endpoint: str, path: str = SOCKET) -> Any:  # noqa: ANN401 - whatever JSON the engine answers
    """Return the JSON answer to GET `endpoint`, for example `/info`. Raises DockerApiError."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(_TIMEOUT)
            connection.connect(path)
            # HTTP/1.0: the answer ends with the connection, and is never sent in chunks.
            connection.sendall("GET {} HTTP/1.0\r\nHost: docker\r\n\r\n".format(endpoint).encode())
            answer = b"".join(iter(lambda: connection.recv(1 << 16), b""))
        head, _, body = answer.partition(b"\r\n\r\n")
        status, text = head.split(b" ", 2)[1:2], body.decode("utf-8", "replace").strip()
        if status != [b"200"]:
            raise DockerApiError("GET {}: {}".format(endpoint, text or "no answer"))
        return json.loads(text)
    except (OSError, ValueError) as error:
        raise DockerApiError("GET {} at {}: {}".format(endpoint, path, error)) from error


def containers(path: str = SOCKET) -> Dict[str, Mapping[str, Any]]:
    """Return what `docker inspect` tells of every running container, by its id. Raises DockerApiError."""
    found = {}
    for summary in get("/containers/json", path):
        try:
            found[summary["Id"]] = get("/containers/{}/json".format(summary["Id"]), path)
        except DockerApiError:
            continue  # it ended between the two questions
    return found


def running_containers(path: str = SOCKET) -> List[Container]:
    """Return the running containers, by name. Raises DockerApiError."""
    return sorted(parse_container(details) for details in containers(path).values())


def parse_container(details: Mapping[str, Any]) -> Container:
    """Return a container from GET /containers/ID/json."""
    image = (details.get("Config") or {}).get("Image", "")
    return Container(name_of(details), str(image), has_gpu(details))


def name_of(details: Mapping[str, Any]) -> str:
    """Return the name of a container, or the beginning of its id where it has none."""
    return str(details.get("Name") or details.get("Id", "")[:12]).lstrip("/")


def describe(found: Iterable[Container]) -> str:
    """Return containers for a message: their names, and which of them have GPUs."""
    return ", ".join("`{}`".format(item.name) + (" (GPU)" if item.gpu else "") for item in found)
