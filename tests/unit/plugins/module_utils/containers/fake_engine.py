"""A Docker engine that answers on a socket from a table."""

import json
import socket
import threading
from pathlib import Path
from typing import Any


class Engine:
    """Answers on a socket as dockerd does."""

    def __init__(self, path: Path, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.asked: list[str] = []
        path.parent.mkdir(parents=True, exist_ok=True)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(str(path))
        self.listener.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                endpoint = connection.recv(4096).decode().split()[1]
                self.asked.append(endpoint)
                status = "200 OK" if endpoint in self.answers else "404 Not Found"
                body = json.dumps(self.answers.get(endpoint, {"message": "no such container"}))
                connection.sendall(
                    f"HTTP/1.0 {status}\r\nContent-Type: application/json\r\n\r\n{body}".encode()
                )
