"""Hosts that only Ansible can reach: slower, with the same measuring code on the host."""

import base64
import json
import os
import sys
import zlib
from collections.abc import Mapping
from pathlib import Path

from provision import content
from provision.connect import answer
from provision.connect.answer import Answer
from provision.connect.connections import Connections
from provision.connect.process import Process
from provision.errors import ConnectError
from provision.plugins.module_utils.asking.answer import BEGIN, END

_SECONDS = 120.0
_BY_HAND = "try `ansible HOST --module-name ping --become` with the same inventory"
_PYTHON = "install Python 3.8 or newer, or set `ansible_python_interpreter` to its path"


def ask(
    inventory: Path,
    host: str,
    connections: Connections,
    entry: str,
    options: Mapping[str, object],
    *,
    seconds: float | None = None,
) -> Answer:
    """Run a module of `module_utils` with these options through `ansible`. Raises ConnectError."""
    allowed = _SECONDS if seconds is None else seconds
    # -P: a module of the working directory must not take the place of one of Ansible's.
    argv = [sys.executable, "-P", "-m", "ansible", "adhoc", "--inventory", str(inventory)]
    argv += ["--become", "--module-name", _module(), "--args"]
    argv += [json.dumps({"entry": entry, "options": options}), host]
    environment = {
        **os.environ,
        **content.environment(),
        "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.minimal",
        "ANSIBLE_NOCOLOR": "1",
        "LC_ALL": "C.UTF-8",
    }
    process = Process(argv, environment)
    try:
        connections.add(process)
        output, errors, _ = process.output(b"", allowed)
    except TimeoutError as error:
        raise ConnectError(f"no answer through Ansible within {allowed:.0f} s", hint=_BY_HAND) from error
    finally:
        connections.close(process)
    return read(output, errors)


def _module() -> str:
    return "host_ask" if content.is_clone() else "provision.gpu.host_ask"


def _unpacked(packed: str) -> str:
    """Return the text of a packed answer, which may claim to be small. Raises ConnectError."""
    unpack = zlib.decompressobj()
    try:
        text = unpack.decompress(base64.b64decode(packed), answer.LARGEST).decode()
    except (ValueError, zlib.error) as error:
        raise answer.garbled(repr(packed[:80])) from error
    if unpack.unconsumed_tail:
        raise answer.too_long()
    return text


def read(output: str, errors: str) -> Answer:
    """Return the answer in the output of `ansible`. Raises ConnectError with Ansible's own reason."""
    _, found, rest = output.rpartition(f"{BEGIN} ")
    packed, ended, _ = rest.partition(f" {END}")
    if found and ended:
        return answer.read(f"{BEGIN} {_unpacked(packed)} {END}", "", 0, None)
    _, _, result = output.partition("=> ")
    try:
        told = json.loads(result)
        reason = str(told.get("msg") or told.get("module_stderr") or "").strip()
    except (ValueError, AttributeError, RecursionError):
        reason = (errors.strip() or output.strip()).rpartition("\n")[2]
    first = reason.splitlines()[0].rstrip(".") if reason else "Ansible gave no reason"
    raise ConnectError(
        f"Ansible cannot ask the host: {first}",
        hint=_PYTHON if "interpreter" in first else _BY_HAND,
        reachable="UNREACHABLE!" not in output,
    )
