"""The program through which a host is reached, where OpenSSH's configuration names one (ProxyCommand)."""

import re
import shlex
from contextlib import suppress

import paramiko

from provision.connect.openssh import Settings
from provision.connect.target import Target


class Proxy(paramiko.ProxyCommand):  # type: ignore[misc]  # paramiko has no types
    """Paramiko's, which leaves its process and pipes behind, with an end."""

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
