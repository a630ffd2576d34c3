"""What the running Docker engine says of itself, asked at its socket.

The command-line client is not needed for this, and cannot mislead: a context or DOCKER_HOST in root's
environment may point it to another machine.
"""

from __future__ import annotations

import http.client
import json
import socket
from typing import Iterable, List, Mapping, NamedTuple

from ..host.json_document import Json

SOCKET = "/var/run/docker.sock"
_TIMEOUT = 15


class DockerApiError(Exception):
    """The engine did not answer as its API promises."""


class Container(NamedTuple):
    """A running container: name, image, and whether it was given GPUs."""

    name: str
    image: str
    gpu: bool


class _SocketConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_TIMEOUT)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_TIMEOUT)
        self.sock.connect(self.path)


def get(endpoint: str, path: str = SOCKET) -> Json:
    """Return the JSON answer to GET `endpoint`, for example `/info`.

    Raises DockerApiError. Connecting starts a stopped engine where systemd listens on the socket.
    """
    connection = _SocketConnection(path)
    try:
        connection.request("GET", endpoint)
        response = connection.getresponse()
        body = response.read()
        if response.status != http.client.OK:
            raise DockerApiError(f"GET {endpoint}: {response.status} {body.decode(errors='replace').strip()}")
        return json.loads(body)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise DockerApiError(f"GET {endpoint} at {path}: {error}") from error
    finally:
        connection.close()


def running_containers(path: str = SOCKET) -> List[Container]:
    """Return the running containers, by name. Raises DockerApiError."""
    found = []
    for summary in get("/containers/json", path):
        try:
            details = get("/containers/{}/json".format(summary["Id"]), path)
        except DockerApiError:
            continue  # it ended between the two questions
        found.append(parse_container(details))
    return sorted(found)


def parse_container(details: Mapping[str, Json]) -> Container:
    """Return a container from GET /containers/ID/json.

    It has GPUs when it was started with --gpus or a CDI device (`DeviceRequests`), with an NVIDIA device
    node, or in the nvidia runtime with NVIDIA_VISIBLE_DEVICES set to something other than none or void.
    """
    config, host = details.get("Config") or {}, details.get("HostConfig") or {}
    environment = dict(entry.partition("=")[::2] for entry in config.get("Env") or [])
    visible = environment.get("NVIDIA_VISIBLE_DEVICES", "")
    gpu = (
        any(_asks_for_gpu(request) for request in host.get("DeviceRequests") or [])
        or any("/dev/nvidia" in (device.get("PathOnHost") or "") for device in host.get("Devices") or [])
        or (host.get("Runtime") == "nvidia" and visible not in ("", "none", "void"))
    )
    return Container(str(details.get("Name", "")).lstrip("/"), str(config.get("Image", "")), gpu)


def _asks_for_gpu(request: Mapping[str, Json]) -> bool:
    if request.get("Driver") == "cdi":
        return any(str(device).startswith("nvidia.com/") for device in request.get("DeviceIDs") or [])
    wanted = [name for group in request.get("Capabilities") or [] for name in group]
    return request.get("Driver") == "nvidia" or "gpu" in wanted


def describe(containers: Iterable[Container]) -> str:
    """Return the containers for a message: their names, and which of them have GPUs."""
    return ", ".join(f"`{item.name}`" + (" (GPU)" if item.gpu else "") for item in containers)
