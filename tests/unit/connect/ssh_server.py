"""An SSH server in this process: real protocol, real commands, and whatever misbehaviour a test wants."""

import json
import os
import shlex
import socket
import subprocess
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paramiko

from provision.connect import asking
from provision.connect.answer import Answer
from provision.connect.connections import Connections
from provision.errors import ConnectError
from provision.model.fleet import Host
from provision.plugins.module_utils.asking.answer import BEGIN, END

ANSWER = {
    **dict.fromkeys(("docker", "toolkit", "secure_boot")),
    **dict.fromkeys(("nouveau_loaded", "docker_running"), False),
    **{"schema": 1, "os": "Debian 13", "distribution": "debian", "major": "13", "kernel": "6.12"},
    **{"architecture": "x86_64", "python": "3.13.5", "driver": {"loaded": None, "installed": None}},
    **{
        "gpus": [{"pci": "0000:18:00.0", "id": "10de:2330"}],
        "workloads": [],
        "infiniband": [],
        "receipts": {},
    },
}


@dataclass
class Behaviour:
    """What the server does differently from a good one."""

    before: bytes = b""  # printed before the command's output, as a login shell does
    hang: bool = False
    close_after: int | None = None  # bytes of input after which the connection is cut
    deaf: bool = False  # end the command before its input is read
    silent: bool = False  # accept the connection and never say anything
    drops: int = 0  # so many connections are closed before anybody can log in
    dead: bool = False  # answer nothing once the command runs


@dataclass
class SshServer:
    """Listens on a port of 127.0.0.1 until `stop`; lets in `user` with `key`."""

    folder: Path
    user: str = "admin"
    password: str | None = None
    behaviour: Behaviour = field(default_factory=Behaviour)
    commands: list[str] = field(default_factory=list)
    forwarded: list[tuple[str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.host_key = paramiko.ECDSAKey.generate()
        self.client_key = paramiko.ECDSAKey.generate()
        self.key_file = self.folder / "id_ecdsa"
        self.client_key.write_private_key_file(str(self.key_file))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.known_hosts = self.folder / "known_hosts"
        self.known_hosts.write_text(self.known_host())
        self.stopped = threading.Event()
        self.accepting = threading.Thread(target=self._serve, daemon=True)
        self.accepting.start()

    def known_host(self) -> str:
        """Return the server's line in a known_hosts file."""
        return f"[127.0.0.1]:{self.port} {self.host_key.get_name()} {self.host_key.get_base64()}\n"

    def stop(self) -> None:
        """Refuse new connections."""
        self.stopped.set()
        # Closed under a thread that waits in it, its number could go to the next server, and that one's
        # connections to this thread.
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.accepting.join()
        self.listener.close()

    def _serve(self) -> None:
        while not self.stopped.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._session, args=(connection,), daemon=True).start()

    def _session(self, connection: socket.socket) -> None:
        if self.behaviour.silent:
            self.stopped.wait(60)
            connection.close()
            return
        if self.behaviour.drops:
            self.behaviour.drops -= 1
            connection.close()
            return
        transport = paramiko.Transport(connection)
        transport.add_server_key(self.host_key)
        try:
            transport.start_server(server=_Server(self))
        except (paramiko.SSHException, EOFError, OSError):
            return
        while (channel := transport.accept(30)) is not None:
            server: Any = transport.server_object
            if channel.get_id() in server.forwards:
                threading.Thread(target=_forward, args=(channel, server.forwards[channel.get_id()])).start()

    def execute(self, channel: Any, command: str) -> None:  # noqa: ANN401 - paramiko has no types
        """Run the command as sshd does: with the user's shell, its streams on the channel."""
        self.commands.append(command)
        behaviour = self.behaviour
        channel.sendall(behaviour.before)
        if behaviour.hang:
            self.stopped.wait(60)
            return
        given = bytearray()
        while not behaviour.deaf and (block := channel.recv(1 << 16)):
            given += block
            if behaviour.close_after is not None and len(given) > behaviour.close_after:
                channel.get_transport().close()
                return
        done = subprocess.run(
            ["/bin/sh", "-c", command], input=bytes(given), capture_output=True, env=os.environ, check=False
        )
        channel.sendall(done.stdout)
        channel.sendall_stderr(done.stderr)
        channel.send_exit_status(done.returncode)
        channel.close()


class _Server(paramiko.ServerInterface):  # type: ignore[misc]
    def __init__(self, server: SshServer) -> None:
        self.server = server
        self.forwards: dict[int, tuple[str, int]] = {}

    def check_global_request(self, kind: str, msg: object) -> bool:  # noqa: ARG002
        if self.server.behaviour.dead:
            self.server.stopped.wait(60)
        return False

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002
        return "publickey,password"

    def check_auth_publickey(self, username: str, key: Any) -> int:  # noqa: ANN401
        good = username == self.server.user and key.asbytes() == self.server.client_key.asbytes()
        return int(paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED)

    def check_auth_password(self, username: str, password: str) -> int:
        good = username == self.server.user and password == self.server.password
        return int(paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED)

    def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002
        return int(paramiko.OPEN_SUCCEEDED)

    def check_channel_direct_tcpip_request(
        self,
        chanid: int,
        _origin: tuple[str, int],
        destination: tuple[str, int],
    ) -> int:
        self.server.forwarded.append(destination)
        self.forwards[chanid] = destination
        return int(paramiko.OPEN_SUCCEEDED)

    def check_channel_exec_request(self, channel: Any, command: bytes) -> bool:  # noqa: ANN401
        arguments = (channel, command.decode())
        threading.Thread(target=self.server.execute, args=arguments, daemon=True).start()
        return True


def _forward(channel: Any, destination: tuple[str, int]) -> None:  # noqa: ANN401
    with socket.create_connection(destination) as other:

        def back() -> None:
            with suppress(OSError):  # the client may hang up at any time
                while block := other.recv(1 << 16):
                    channel.sendall(block)
            channel.close()

        threading.Thread(target=back, daemon=True).start()
        while block := channel.recv(1 << 16):
            other.sendall(block)
        other.shutdown(socket.SHUT_WR)


def script(folder: Path, name: str, text: str) -> str:
    """Write a program that stands for one on the host."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def python(folder: Path) -> str:
    """Return a Python that answers without asking the machine."""
    answer = shlex.quote(f"{BEGIN} {json.dumps(ANSWER)} {END}")
    return script(folder, "python", f"cat >/dev/null; echo {answer}")


def variables(server: SshServer, **changes: object) -> dict[str, object]:
    """Return what an inventory says of a host that is this server."""
    checked = f"-o UserKnownHostsFile={server.known_hosts} -o StrictHostKeyChecking=yes"
    return {
        "ansible_host": "127.0.0.1",
        "ansible_port": server.port,
        "ansible_user": server.user,
        "ansible_ssh_private_key_file": str(server.key_file),
        "ansible_ssh_common_args": f"-F /dev/null {checked}",
        "ansible_become": False,
        "ansible_python_interpreter": python(server.folder),
        **changes,
    }


def ask(server: SshServer, **changes: object) -> Answer:
    """Ask the server for a survey, as `provision` does."""
    host = Host("h1", (), variables(server, **changes))
    with Connections() as connections:
        return asking.ask(host, server.folder / "hosts.ini", connections, "asking.survey", {})


def refused(server: SshServer, **changes: object) -> ConnectError:
    """Return why the server cannot be asked."""
    try:
        answer = ask(server, **changes)
    except ConnectError as error:
        return error
    raise AssertionError(f"it answered {answer}")
