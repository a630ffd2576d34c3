"""The program through which a host is reached, where OpenSSH's configuration names one (ProxyCommand)."""

import os
import re
import select
import shlex
from contextlib import suppress

import paramiko

from provision.connect.openssh import Settings
from provision.connect.target import Target


class Proxy(paramiko.ProxyCommand):  # type: ignore[misc]  # paramiko has no types
    """Paramiko's with an end: its own leaves process and pipes behind, and waits for a program that has ended."""

    def recv(self, size: int) -> bytes:
        """Return what the program says next, nothing at its end. Raises TimeoutError."""
        ready, _, _ = select.select([self.process.stdout], [], [], self.timeout)
        if not ready:
            raise TimeoutError
        return os.read(self.process.stdout.fileno(), size)

    def close(self) -> None:
        """End the program and wait for it."""
        self.process.terminate()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            with suppress(OSError):  # what was still to be written has no reader
                stream.close()


def start(command: str, settings: Settings, target: Target) -> Proxy:
    """Start the command as OpenSSH does: in the shell, with the tokens replaced that ssh_config(5) allows."""
    tokens = {
        "%%": "%",
        "%h": settings.hostname,
        "%n": target.address,
        "%p": str(settings.port),
        "%r": settings.user,
    }
    filled = re.sub("%[%hnpr]", lambda found: tokens[found.group()], command)
    return Proxy(shlex.join(["/bin/sh", "-c", f"exec {filled}"]))
