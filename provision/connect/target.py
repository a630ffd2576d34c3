"""How a host is reached, from its inventory variables: what Ansible's ssh and local connections would use.

A host that asks for something else (another connection plugin, another way to become root, a variable that
only Ansible can resolve) has no target here and is asked through Ansible.
"""

import os
import shlex
from dataclasses import dataclass

from provision.connect.variables import Decrypt, UnresolvedError, Variables
from provision.model.desired import is_true
from provision.model.fleet import Host

_SSH_CONNECTIONS = frozenset({"ssh", "smart", "paramiko", "paramiko_ssh", "ansible.builtin.ssh"})
_LOCAL_CONNECTIONS = frozenset({"local", "ansible.builtin.local"})
_TIMEOUT = 10.0
INTERPRETERS = ("python3", "/usr/bin/python3", "/usr/libexec/platform-python")


@dataclass(frozen=True)
class Become:
    """How the user becomes root: sudo's program, user, further arguments, and password."""

    program: str = "sudo"
    user: str = "root"
    flags: tuple[str, ...] = ("-H",)
    password: str | None = None


@dataclass(frozen=True)
class Target:
    """One host as OpenSSH is asked for it. `arguments` are ssh's own, as the inventory gives them.

    `timeout` is in seconds, for the connection to be made; Ansible's default is ten.
    """

    name: str
    address: str
    port: int | None = None
    user: str | None = None
    key: str | None = None
    password: str | None = None
    arguments: tuple[str, ...] = ()
    become: Become | None = Become()
    interpreters: tuple[str, ...] = INTERPRETERS
    timeout: float = _TIMEOUT


@dataclass(frozen=True)
class LocalTarget:
    """This machine, as the inventory's `ansible_connection: local` means it."""

    become: Become | None = Become()
    interpreters: tuple[str, ...] = INTERPRETERS


def resolve(host: Host, decrypt: Decrypt) -> Target | LocalTarget | None:
    """Return how to reach the host, or None where only Ansible can tell.

    `decrypt` turns the ciphertext of a vaulted value into its plain text; it may raise UnresolvedError.
    """
    values = _Values(Variables(host, decrypt))
    try:
        return _target(host.name, values)
    except UnresolvedError:
        return None


def _target(name: str, values: "_Values") -> Target | LocalTarget | None:
    connection = values.text("ansible_connection") or "ssh"
    if connection not in _SSH_CONNECTIONS | _LOCAL_CONNECTIONS:
        return None
    become = None
    if values.flag("ansible_become", default=True):
        if (values.text("ansible_become_method") or "sudo") not in ("sudo", "ansible.builtin.sudo"):
            return None
        become = Become(
            program=values.text("ansible_sudo_exe", "ansible_become_exe") or "sudo",
            user=values.text("ansible_sudo_user", "ansible_become_user") or "root",
            flags=_flags(values.text("ansible_sudo_flags", "ansible_become_flags")),
            password=values.text(
                "ansible_sudo_password", "ansible_sudo_pass", "ansible_become_password", "ansible_become_pass"
            ),
        )
    interpreter = values.text("ansible_python_interpreter") or "auto"
    interpreters = INTERPRETERS if interpreter.startswith("auto") else (interpreter,)
    if connection in _LOCAL_CONNECTIONS:
        return LocalTarget(become, interpreters)
    port = values.text("ansible_ssh_port", "ansible_port")
    if port is not None and not port.isdigit():
        raise UnresolvedError("ansible_port")
    key = values.text("ansible_ssh_private_key_file", "ansible_private_key_file")
    return Target(
        name=name,
        address=values.text("ansible_ssh_host", "ansible_host") or name,
        port=int(port) if port else None,
        user=values.text("ansible_ssh_user", "ansible_user") or os.environ.get("ANSIBLE_REMOTE_USER"),
        key=key or os.environ.get("ANSIBLE_PRIVATE_KEY_FILE"),
        password=values.text("ansible_ssh_pass", "ansible_ssh_password", "ansible_password"),
        arguments=_arguments(values),
        become=become,
        interpreters=interpreters,
        timeout=_timeout(values),
    )


def _flags(text: str | None) -> tuple[str, ...]:
    # -S and -n are ours to choose: they depend on whether there is a password.
    return ("-H",) if text is None else tuple(flag for flag in shlex.split(text) if flag not in ("-S", "-n"))


def _timeout(values: "_Values") -> float:
    text = values.text("ansible_ssh_timeout", "ansible_timeout")
    text = text or os.environ.get("ANSIBLE_SSH_TIMEOUT") or os.environ.get("ANSIBLE_TIMEOUT")
    if text is None:
        return _TIMEOUT
    if not text.isdigit() or int(text) == 0:
        raise UnresolvedError("ansible_timeout")
    return float(text)


def _arguments(values: "_Values") -> tuple[str, ...]:
    found: list[str] = []
    checking = values.text("ansible_host_key_checking", "ansible_ssh_host_key_checking")
    checking = checking or os.environ.get("ANSIBLE_HOST_KEY_CHECKING")
    if checking is not None and not is_true(checking):
        found += ["-o", "StrictHostKeyChecking=no"]
    for name in ("ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args"):
        text = values.text(name) or os.environ.get(name.upper())
        try:
            found += shlex.split(text or "")
        except ValueError as error:
            raise UnresolvedError(name) from error
    return tuple(found)


class _Values:
    """The host's variables, as text."""

    def __init__(self, variables: Variables) -> None:
        self._variables = variables

    def text(self, *names: str) -> str | None:
        """Return the first of the variables that is set. Raises UnresolvedError."""
        for name in names:
            value = self._variables.value(name)
            if value is not None and value != "":
                return str(value)
        return None

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a variable that is true or false. Raises UnresolvedError."""
        text = self.text(name)
        return default if text is None else is_true(text)
