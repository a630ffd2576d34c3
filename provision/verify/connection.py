"""Testinfra's way to a host, as the inventory gives it: OpenSSH with the arguments that Ansible would use."""

import os
import random
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from testinfra.backend.base import BaseBackend, CommandResult

from provision import content
from provision.connect.target import Become, Target
from provision.errors import ProvisionError
from provision.runner.process import KEEPALIVE

CONNECT_TIMEOUT = 15
COMMAND_TIMEOUT = 1800
_SSH_FAILED = 255

# Many hosts behind one jump host: its sshd drops connections that come at once (MaxStartups), before a login.
_DROPPED = (b"kex_exchange_identification", b"Connection reset by", b"Connection closed by")
_TRIES = 4

# Words of ssh and sudo, and what cures what they complain about.
_HINTS = {
    "Host key verification failed": "compare the key that `ssh-keyscan` prints, then add it to known_hosts",
    "Permission denied": "`ansible_user` and `ansible_ssh_private_key_file` say who logs in with which key",
    "No route to host": "is the host up, and is `ansible_host` right?",
    "Connection reset": "its sshd, or the jump host's, takes few connections at once: raise `MaxStartups`",
    "Connection refused": "is sshd running there, and is `ansible_port` right?",
    "timed out": "is the host up, and is `ansible_host` right?",
    "Could not resolve hostname": "`ansible_host` says where the host is",
    "password is required": "set `ansible_become_password`, or allow sudo without a password",
    "not in the sudoers file": "the user needs sudo, or log in as one who has it: `ansible_user`",
    "no Python": "install python3 on the host",
}


class UnreachableError(ProvisionError):
    """The host does not let us in, or does not let us become root."""


class OpenSshBackend(BaseBackend):  # type: ignore[misc] # testinfra has no types for us
    """Runs commands through `ssh`; needs a shell on the host, and sudo where the user is not root."""

    NAME = "openssh"

    def __init__(self, target: Target) -> None:
        super().__init__(target.name)
        self.target = target

    def run(self, command: str, *args: str, **_: Any) -> CommandResult:  # noqa: ANN401 - testinfra's signature
        """Run a command as root. Raises UnreachableError."""
        line = self.quote(command, *args)
        environment, stdin = dict(os.environ), ""
        if self.target.password is not None:
            environment["SSHPASS"] = self.target.password
        if self.target.become is not None and self.target.become.password is not None:
            stdin = self.target.become.password + "\n"
        try:
            done = _patiently(ssh_argv(self.target, line), stdin.encode(), environment)
        except FileNotFoundError as error:
            hint = "install openssh-client, and sshpass where `ansible_password` is used"
            raise UnreachableError(f"no `{error.filename}` on this machine", hint=hint) from error
        except subprocess.TimeoutExpired as error:
            raise UnreachableError(f"no answer in {COMMAND_TIMEOUT} s") from error
        if done.returncode == _SSH_FAILED:
            raise unreachable(done.stderr.decode(errors="replace"))
        return self.result(done.returncode, line.encode(), done.stdout, done.stderr)


def _patiently(
    argv: list[str], stdin: bytes, environment: Mapping[str, str]
) -> "subprocess.CompletedProcess[bytes]":
    """Run ssh, again where its connection was dropped before it stood: what runs on the host only reads."""
    for attempt in range(1, _TRIES + 1):
        done = subprocess.run(
            argv, input=stdin, capture_output=True, timeout=COMMAND_TIMEOUT, env=environment, check=False
        )
        dropped = done.returncode == _SSH_FAILED and any(words in done.stderr for words in _DROPPED)
        if not dropped or attempt == _TRIES:
            break
        time.sleep(attempt * random.uniform(0.5, 1.5))
    return done


class AnsibleBackend(BaseBackend):  # type: ignore[misc] # testinfra has no types for us
    """Runs commands through `ansible`: slower, for hosts that only Ansible knows how to reach."""

    NAME = "through-ansible"

    def __init__(self, host: str, inventory: Path) -> None:
        super().__init__(host)
        self.inventory = inventory

    def run(self, command: str, *args: str, **_: Any) -> CommandResult:  # noqa: ANN401 - testinfra's signature
        """Run a command as root. Ansible's own words stand around its output. Raises UnreachableError."""
        line = self.quote(command, *args)
        # -P: a module of the working directory must not take the place of one of Ansible's.
        argv = [sys.executable, "-P", "-m", "ansible", "adhoc", "--inventory", str(self.inventory)]
        argv += ["--become", "--module-name", "ansible.builtin.raw", "--args", line, self.hostname]
        own = {
            "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.minimal",
            "ANSIBLE_NOCOLOR": "1",
            "LC_ALL": "C.UTF-8",
        }
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=COMMAND_TIMEOUT,
            env={**os.environ, **content.environment(), **own},
            check=False,
        )
        if b"UNREACHABLE!" in done.stdout:
            raise unreachable(done.stdout.decode(errors="replace"))
        return self.result(done.returncode, line.encode(), done.stdout, done.stderr)


def ssh_argv(target: Target, line: str) -> list[str]:
    """Return the command that runs a shell line on the target as root; a password is never in it."""
    argv = ["ssh", "-T", *target.arguments, "-o", f"ConnectTimeout={CONNECT_TIMEOUT}", *KEEPALIVE]
    if target.password is None:
        argv += ["-o", "BatchMode=yes"]
    else:
        argv = ["sshpass", "-e", *argv]
    if target.port is not None:
        argv += ["-o", f"Port={target.port}"]
    if target.user is not None:
        argv += ["-o", f"User={target.user}"]
    if target.key is not None:
        argv += ["-o", f'IdentityFile="{Path(target.key).expanduser()}"']
    return [*argv, "--", target.address, remote_line(target.become, line)]


def remote_line(become: Become | None, line: str) -> str:
    """Return the line for the user's shell: as root, with sudo only for a user who is not root already."""
    if become is None:
        return shlex.join(["/bin/sh", "-c", line])
    ask = ["-n"] if become.password is None else ["-S", "-p", ""]
    sudo = [become.program, *become.flags, *ask, "-u", become.user]
    choose = '[ "$(id -u)" = 0 ] && exec /bin/sh -c "$0"; exec "$@" /bin/sh -c "$0"'
    return shlex.join(["/bin/sh", "-c", choose, line, *sudo])


def unreachable(stderr: str) -> UnreachableError:
    """Return the error for what ssh or sudo said last, with what cures it."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    hint = next((cure for words, cure in _HINTS.items() if words.lower() in stderr.lower()), None)
    return UnreachableError(lines[-1].rstrip(".") if lines else "ssh ended without a word", hint=hint)
