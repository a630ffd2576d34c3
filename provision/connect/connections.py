"""The connections that are open, so that an interrupt can close them under the threads that use them."""

import threading
from types import TracebackType
from typing import Protocol, Self

from provision.errors import ConnectError


class Closable(Protocol):
    """Anything that is open: a connection, a program that was started."""

    def close(self) -> object:
        """End it, whoever uses it."""


class Connections:
    """All that is open; `with` closes what is still open at its end, and refuses what comes later."""

    def __init__(self) -> None:
        self._open: set[Closable] = set()
        self._lock = threading.Lock()
        self._closed = False

    def add(self, connection: Closable) -> None:
        """Remember a connection. Raises ConnectError where everything has been closed already."""
        with self._lock:
            if self._closed:
                raise ConnectError("interrupted", reachable=False)
            self._open.add(connection)

    def close(self, connection: Closable) -> None:
        """Close a connection and forget it."""
        with self._lock:
            self._open.discard(connection)
        connection.close()

    def close_all(self) -> None:
        """Close every connection, and refuse new ones."""
        with self._lock:
            self._closed, waiting = True, list(self._open)
        for connection in waiting:
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close_all()
