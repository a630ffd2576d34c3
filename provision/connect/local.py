"""This machine asked as a host: the same program, without a connection."""

import getpass
from collections.abc import Mapping

from provision.connect import answer, program
from provision.connect.answer import Answer
from provision.connect.connections import Connections
from provision.connect.process import Process
from provision.connect.target import LocalTarget
from provision.errors import ConnectError

_SECONDS = 30.0


def ask(
    target: LocalTarget,
    connections: Connections,
    entry: str,
    options: Mapping[str, object],
    *,
    seconds: float | None = None,
) -> Answer:
    """Run a module of `module_utils` with these options, return its answer. Raises ConnectError."""
    user, allowed = getpass.getuser(), _SECONDS if seconds is None else seconds
    line, typed = program.command_as_root(target.become, user, target.interpreters)
    process = Process(["/bin/sh", "-c", line])
    try:
        connections.add(process)
        printed = process.output(typed + program.payload(entry, options), allowed)
    except TimeoutError as error:
        raise ConnectError(
            f"this machine did not answer within {allowed:.0f} s", hint="does a disk hang, or memory lack?"
        ) from error
    finally:
        connections.close(process)
    return answer.read(*printed, user)
