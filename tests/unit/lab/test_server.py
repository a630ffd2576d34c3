"""The lab's web server over a real socket: package files and the registry protocol."""

import hashlib
import json
import threading
from collections.abc import Iterator
from functools import partial
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest

from provision.lab import web
from provision.lab.server import MANIFEST, Handler, Server

BLOB = b"layer"
DIGEST = f"sha256:{hashlib.sha256(BLOB).hexdigest()}"
DOCUMENT = json.dumps(
    {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json"}
).encode()


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[HTTPConnection]:
    for path, content in {
        "site-kernel/Packages": b"Package: linux-headers\n",
        f"v2/cuda/blobs/{DIGEST}": BLOB,
        "v2/cuda/manifests/base": DOCUMENT,
        "v2/cuda/manifests/old": b'{"schemaVersion": 2}',
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    server = Server(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    opened = HTTPConnection("127.0.0.1", server.server_address[1], timeout=5)
    yield opened
    opened.close()
    server.shutdown()
    server.server_close()
    thread.join()


def _get(connection: HTTPConnection, path: str, method: str = "GET") -> tuple[HTTPResponse, bytes]:
    connection.request(method, path)
    answer = connection.getresponse()
    return answer, answer.read()


def test_a_package_file_is_served_and_a_directory_is_not_listed(connection: HTTPConnection) -> None:
    answer, body = _get(connection, "/site-kernel/./Packages")
    assert (answer.status, body) == (200, b"Package: linux-headers\n")
    assert "Docker-Content-Digest" not in answer.headers
    assert _get(connection, "/site-kernel/")[0].status == 404
    assert _get(connection, "/../../etc/passwd")[0].status == 404


def test_a_registry_client_finds_the_protocols_root(connection: HTTPConnection) -> None:
    answer, body = _get(connection, "/v2/")
    assert (answer.status, body) == (200, b"{}")
    assert answer.headers["Docker-Distribution-Api-Version"] == "registry/2.0"
    assert _get(connection, "/v2/", "HEAD")[0].status == 200


def test_a_manifest_has_its_own_media_type_and_digest(connection: HTTPConnection) -> None:
    answer, body = _get(connection, "/v2/cuda/manifests/base", "HEAD")
    assert (answer.status, body) == (200, b"")
    assert answer.headers["Content-Type"] == "application/vnd.oci.image.manifest.v1+json"
    assert answer.headers["Docker-Content-Digest"] == "sha256:" + hashlib.sha256(DOCUMENT).hexdigest()
    assert _get(connection, "/v2/cuda/manifests/old")[0].headers["Content-Type"] == MANIFEST
    assert _get(connection, "/v2/cuda/manifests/none")[0].status == 404


def test_a_blob_is_bytes_under_its_digest(connection: HTTPConnection) -> None:
    answer, body = _get(connection, f"/v2/cuda/blobs/{DIGEST}")
    assert (answer.status, body) == (200, BLOB)
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Docker-Content-Digest"] == DIGEST


def test_only_the_labs_own_process_is_ever_stopped(tmp_path: Path) -> None:
    command_line = tmp_path / "cmdline"
    assert not web.is_ours(command_line)
    command_line.write_bytes(b"/usr/bin/python3\0-m\0http.server\0")
    assert not web.is_ours(command_line)
    command_line.write_bytes(b"/usr/bin/python3\0-m\0provision.lab.server\0www\0")
    assert web.is_ours(command_line)
