"""The Docker engine's API over its socket, without `http.client`, whose import costs more than the answers.

Runs on hosts: Python 3.8, standard library only. Connecting starts a stopped engine where systemd listens on
the socket; who must not start it asks `host_workloads.docker_is_running` first.
"""

import json
import socket
from typing import Any

SOCKET = "/var/run/docker.sock"
_TIMEOUT = 5.0


class DockerSocketError(Exception):
    """The engine did not answer, or not as its API promises."""


def get(endpoint: str, path: str = SOCKET) -> Any:  # noqa: ANN401 - whatever JSON the engine answers
    """Return the JSON answer to GET `endpoint`, for example `/containers/json`. Raises DockerSocketError."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(_TIMEOUT)
            connection.connect(path)
            # HTTP/1.0: the answer ends with the connection, and is never sent in chunks.
            connection.sendall("GET {} HTTP/1.0\r\nHost: docker\r\n\r\n".format(endpoint).encode())
            answer = b"".join(iter(lambda: connection.recv(1 << 16), b""))
        head, _, body = answer.partition(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n", 1)[0] + b" ":
            raise DockerSocketError("GET {}: {}".format(endpoint, body.decode("utf-8", "replace").strip()))
        return json.loads(body.decode("utf-8"))
    except (OSError, ValueError) as error:
        raise DockerSocketError("GET {} at {}: {}".format(endpoint, path, error)) from error
