"""One connection through Fabric, one program, one answer."""

import logging
import random
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import paramiko
from fabric import Config, Connection

from provision.connect import answer, openssh, program
from provision.connect.answer import Answer
from provision.connect.connections import Connections
from provision.connect.failures import DroppedError, cause, explain
from provision.connect.openssh import ConfigurationError, Settings, jump_target
from provision.connect.proxy import start
from provision.connect.target import Target
from provision.errors import ConnectError

PATIENCE = 3
"""So many times as long as the connection may take, the whole answer may."""

_TRIES = 4
_SILENCE = 15.0
_DEATH = 105.0
"""A host that says nothing for so many seconds is asked whether it lives, and given so many to say so."""

_UNCHECKED = ("no", "off", "false", "accept-new")  # `ssh -G` says false for no

# What goes wrong is told once, in our words; paramiko's threads would print tracebacks of their own.
logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)


def ask(
    target: Target,
    connections: Connections,
    entry: str,
    options: Mapping[str, object],
    *,
    seconds: float | None = None,
) -> Answer:
    """Connect, run a module of `module_utils` with these options, return its answer. Raises ConnectError.

    Once connected, the host has `seconds` to answer; None stands for what is left of the patience.
    """
    deadline = time.monotonic() + PATIENCE * target.timeout
    chain: list[Any] = []
    try:
        connection, settings = _connect_patiently(target, connections, chain, deadline)
        if seconds is not None:
            deadline = time.monotonic() + seconds
        return _run(connection, target, settings.user, program.payload(entry, options), deadline)
    except TimeoutError as error:
        allowed = PATIENCE * target.timeout if seconds is None else seconds
        more = "" if seconds else " `ansible_timeout` allows more time"
        raise ConnectError(
            f"the host let us in, and did not answer within {allowed:.0f} s",
            hint=f"try `ssh` by hand: does the login wait, a disk hang, memory lack?{more}",
        ) from error
    finally:
        _close(connections, chain)


def _connect_patiently(
    target: Target, connections: Connections, chain: list[Any], deadline: float
) -> tuple[Any, Settings]:
    """Connect, again where the connection was dropped: many hosts may share a jump host, whose sshd takes few
    connections at once.
    """
    for attempt in range(1, _TRIES):
        pause = attempt * random.uniform(0.5, 1.5)
        try:
            return _connect(target, connections, chain, deadline)
        except DroppedError:
            if time.monotonic() + pause > deadline:
                raise
        _close(connections, chain)
        time.sleep(pause)
    return _connect(target, connections, chain, deadline)


def _close(connections: Connections, chain: list[Any]) -> None:
    while chain:
        connections.close(chain.pop())


def _connect(
    target: Target, connections: Connections, chain: list[Any], deadline: float
) -> tuple[Any, Settings]:
    try:
        settings = openssh.ask(target)
    except ConfigurationError as error:
        raise ConnectError(
            f"ssh: {error}",
            hint="correct `ansible_ssh_common_args` or the ssh configuration",
            reachable=False,
        ) from error
    gateway: Any = False  # not None: Fabric would look for one itself
    if settings.jumps:
        gateway, _ = _connect(jump_target(settings, target), connections, chain, deadline)
    connection = Connection(
        host=settings.hostname,
        user=settings.user,
        port=settings.port,
        config=_config(),
        gateway=gateway,
        connect_timeout=_seconds(target, deadline),
        connect_kwargs=_authentication(target, settings, deadline),
    )
    _trust(connection.client, settings)
    connections.add(connection)
    chain.append(connection)
    try:
        if settings.proxy_command is not None and not settings.jumps:
            proxy = start(settings.proxy_command, settings, target)
            connections.add(proxy)
            chain.append(proxy)
            connection.connect_kwargs["sock"] = proxy
        connection.open()
    except Exception as error:  # whatever paramiko meets: each has its own words
        raise explain(error, target, settings) from error
    return connection, settings


def _config() -> Any:  # noqa: ANN401 - Fabric has no types
    # `ssh -G` has read the configuration: Fabric's own reading of it would be a second opinion. One for each
    # connection, because each writes into its own, which is empty for a moment then.
    return Config(overrides={"load_ssh_configs": False}, lazy=True)


def _authentication(target: Target, settings: Settings, deadline: float) -> dict[str, object]:
    keys = [str(path) for path in settings.identities if path.is_file()]
    loaded = _key(keys[0]) if len(keys) == 1 and not target.password else None
    return {
        "pkey": loaded,
        "key_filename": [] if loaded else keys,
        "password": target.password,
        "allow_agent": settings.use_agent,
        "look_for_keys": False,
        "banner_timeout": _seconds(target, deadline),
        "auth_timeout": _seconds(target, deadline),
        "channel_timeout": _seconds(target, deadline),
    }


@cache
def _key(path: str) -> Any:  # noqa: ANN401 - paramiko has no types
    """Return the key, read once for the whole fleet, or None where it has a passphrase or a certificate."""
    if Path(f"{path}-cert.pub").exists():
        return None
    try:
        return paramiko.PKey.from_path(path)
    except (
        Exception
    ):  # unreadable in ways that depend on its kind: the connection will say it in its own words
        return None


def _trust(client: Any, settings: Settings) -> None:  # noqa: ANN401 - paramiko has no types
    """Let the connection accept the keys that OpenSSH would accept: known ones, unless told otherwise."""
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    if settings.check_host_key in _UNCHECKED:
        client.set_missing_host_key_policy(paramiko.MissingHostKeyPolicy())
        if settings.check_host_key != "accept-new":
            return
    # paramiko asks for the address and port, whatever alias known_hosts lists the host under.
    asked = settings.hostname if settings.port == 22 else f"[{settings.hostname}]:{settings.port}"
    for path in settings.known_hosts:
        for kind, key in (_known_hosts(path).lookup(settings.host_key_name) or {}).items():
            client.get_host_keys().add(asked, kind, key)


@cache
def _known_hosts(path: Path) -> Any:  # noqa: ANN401 - paramiko has no types
    try:
        return paramiko.HostKeys(str(path))
    except OSError:
        return paramiko.HostKeys()


def _run(connection: Any, target: Target, user: str, payload: bytes, deadline: float) -> Answer:  # noqa: ANN401
    """Run the program of the payload as root. Raises ConnectError, and TimeoutError at the deadline."""
    line, typed = program.command_as_root(target.become, user, target.interpreters)
    try:
        channel = connection.transport.open_session(timeout=_seconds(target, deadline))
        channel.exec_command(line)
    except (OSError, EOFError, paramiko.SSHException) as error:
        raise ConnectError(
            f"the host refused to run a program: {cause(error)}", hint="try `ssh` by hand"
        ) from error
    channel.settimeout(max(deadline - time.monotonic(), 0.1))
    # A program that ends early, sudo or a shell without Python, reads no further: what it said is the answer.
    with suppress(OSError, EOFError):
        channel.sendall(typed + payload)
        channel.shutdown_write()
    return answer.read(*_collect(channel, deadline), user)


def _collect(channel: Any, deadline: float) -> tuple[str, str, int | None]:  # noqa: ANN401
    """Return output, errors and exit code; None where the connection closed before there was one.

    Raises TimeoutError at the deadline, ConnectError where the host has died or prints without end.
    """
    output = bytearray()
    while block := _next(channel, deadline):
        output += block
        if len(output) > answer.LARGEST:
            raise answer.too_long()
    errors = channel.makefile_stderr("rb").read(1 << 16)
    ended = channel.status_event.wait(max(deadline - time.monotonic(), 0.1))
    code = channel.exit_status if ended and channel.exit_status >= 0 else None
    return output.decode("utf-8", "replace"), errors.decode("utf-8", "replace"), code


def _next(channel: Any, deadline: float) -> bytes:  # noqa: ANN401
    """Return what comes next, nothing at the end. Raises as `_collect` does."""
    while True:
        left = max(deadline - time.monotonic(), 0.001)
        channel.settimeout(min(left, _SILENCE))
        try:
            block: bytes = channel.recv(1 << 16)
        except TimeoutError:
            if left <= _SILENCE:
                raise
            if not _lives(channel.get_transport()):
                raise ConnectError(
                    f"the host let us in, and has given no sign of life for {_SILENCE + _DEATH:.0f} s",
                    hint="is it up, and the network to it?",
                    reachable=False,
                ) from None
        else:
            return block


def _lives(transport: Any) -> bool:  # noqa: ANN401
    """Ask the other side for any answer, as OpenSSH does where it is told to keep connections alive."""
    # paramiko waits for the answer for ever.
    asked = threading.Thread(target=transport.global_request, args=("keepalive@openssh.com",), daemon=True)
    asked.start()
    asked.join(_DEATH)
    return not asked.is_alive()


def _seconds(target: Target, deadline: float) -> float:
    return min(target.timeout, max(deadline - time.monotonic(), 0.1))
