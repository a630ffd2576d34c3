"""The probe of hosts that only Ansible can reach: slower, with the same measuring code on the host."""

import base64
import json
import os
import signal
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Protocol

from provision import content
from provision.model.observed import Observed
from provision.plugins.module_utils.asking.answer import BEGIN, END
from provision.probe import answer
from provision.probe.answer import ProbeError

_SECONDS = 120.0
_GRACE = 5.0
_BY_HAND = "try `ansible HOST --module-name ping --become` with the same inventory"
_PYTHON = "install Python 3.8 or newer, or set `ansible_python_interpreter` to its path"


class Connections(Protocol):
    """What is open, and is closed by an interrupt."""

    def add(self, connection: "_Process") -> None:
        """Remember it."""

    def close(self, connection: "_Process") -> None:
        """Close it and forget it."""


class _Process:
    """`ansible` at work, in a session of its own: Ctrl-C reaches it through `close` alone."""

    def __init__(self, argv: list[str], environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            start_new_session=True,
        )

    def output(self) -> tuple[str, str]:
        """Return what it printed on both streams. Raises subprocess.TimeoutExpired."""
        return self._process.communicate(timeout=_SECONDS)

    def close(self) -> None:
        """End it with its workers, which are in sessions of their own and hear of it from it alone."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(timeout=_GRACE)
            except subprocess.TimeoutExpired:
                self._process.kill()


def probe(
    inventory: Path, host: str, connections: Connections, *, become: bool = True, partitions: bool = False
) -> Observed:
    """Run the module `host_probe` on the host through `ansible`. Raises ProbeError."""
    # -P: a module of the working directory must not take the place of one of Ansible's.
    argv = [sys.executable, "-P", "-m", "ansible", "adhoc", "--inventory", str(inventory)]
    argv += ["--module-name", _module(), *(["--become"] * become), host]
    argv += ["--args", "partitions=true"] * partitions
    environment = {
        **os.environ,
        **content.environment(),
        "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.minimal",
        "ANSIBLE_NOCOLOR": "1",
        "LC_ALL": "C.UTF-8",
    }
    process = _Process(argv, environment)
    try:
        connections.add(process)
        output, errors = process.output()
    except subprocess.TimeoutExpired as error:
        raise ProbeError(
            f"the probe through Ansible did not end within {_SECONDS:.0f} s", hint=_BY_HAND
        ) from error
    finally:
        connections.close(process)
    return read(output, errors)


def _module() -> str:
    return "host_probe" if content.is_clone() else "provision.gpu.host_probe"


def read(output: str, errors: str) -> Observed:
    """Return the survey in the output of `ansible`. Raises ProbeError with Ansible's own reason."""
    _, found, rest = output.rpartition(f"{BEGIN} ")
    packed, ended, _ = rest.partition(f" {END}")
    if found and ended:
        text = zlib.decompress(base64.b64decode(packed)).decode()
        return answer.read(f"{BEGIN} {text} {END}", "", 0, "root")
    _, _, result = output.partition("=> ")
    try:
        told = json.loads(result)
        reason = str(told.get("msg") or told.get("module_stderr") or "").strip()
    except ValueError:
        reason = (errors.strip() or output.strip()).rpartition("\n")[2]
    first = reason.splitlines()[0].rstrip(".") if reason else "Ansible gave no reason"
    raise ProbeError(
        f"Ansible cannot probe the host: {first}",
        hint=_PYTHON if "interpreter" in first else _BY_HAND,
        reachable="UNREACHABLE!" not in output,
    )
