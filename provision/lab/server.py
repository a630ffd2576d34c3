"""The lab's web server: package repositories, and a read-only image registry below /v2/.

Run as `python -m provision.lab.server DIRECTORY ADDRESS PORT`; one process serves every host of the lab.
"""

import hashlib
import json
import os
import sys
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


class Handler(SimpleHTTPRequestHandler):
    """Static files; below /v2/ with the headers that a registry client asks for."""

    protocol_version = "HTTP/1.1"
    server_version = "provision-lab"

    def end_headers(self) -> None:
        """Add what the registry protocol wants on every answer."""
        if self._is_registry():
            self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
            digest = self._digest()
            if digest:
                self.send_header("Docker-Content-Digest", digest)
        super().end_headers()

    def do_GET(self) -> None:
        """Answer GET; the registry's root is a document of its own."""
        if self.path.rstrip("/") == "/v2":
            self._answer(b"{}")
        else:
            super().do_GET()

    def do_HEAD(self) -> None:
        """Answer HEAD, by which a registry client asks for a manifest's digest."""
        if self.path.rstrip("/") == "/v2":
            self._answer(b"")
        else:
            super().do_HEAD()

    def guess_type(self, path: str | os.PathLike[str]) -> str:
        """Return the media type: that of a manifest is written in it."""
        if not self._is_registry():
            return str(super().guess_type(path))
        if "/manifests/" not in self.path:
            return "application/octet-stream"
        try:
            return str(json.loads(Path(path).read_bytes()).get("mediaType", MANIFEST))
        except (OSError, ValueError):
            return MANIFEST

    def list_directory(self, path: str | os.PathLike[str]) -> None:
        """Refuse to list directories, as package mirrors often do."""
        del path
        self.send_error(HTTPStatus.NOT_FOUND)

    def log_message(self, format: str, *args: object) -> None:
        """Write one line per request to the log that stderr is redirected to."""
        sys.stderr.write(f"{self.log_date_time_string()} {self.address_string()} {format % args}\n")

    def _is_registry(self) -> bool:
        return self.path.startswith("/v2/") or self.path == "/v2"

    def _digest(self) -> str | None:
        """Return the digest of the manifest or blob asked for."""
        last = self.path.rsplit("/", 1)[-1]
        if last.startswith("sha256:"):
            return last
        if "/manifests/" in self.path:
            path = Path(self.translate_path(self.path))
            if path.is_file():
                return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()
        return None

    def _answer(self, body: bytes) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """Many hosts ask at once; a thread each, and a queue long enough for a whole fleet."""

    daemon_threads = True
    request_queue_size = 256


def main(directory: str, address: str, port: str) -> None:
    """Serve a directory until terminated."""
    Server((address, int(port)), partial(Handler, directory=directory)).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
