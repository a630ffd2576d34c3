"""Runs the checks: one pytest process for all hosts, which asks each of them in one round trip.

Measured on two busy cores: pytest and testinfra need 0.5 s of processor time to start, so a process a host
spends its time starting; one process with a thread a host waits for the slowest host and no longer. And 25
commands through testinfra's shared connection took nine times as long as one program that does the same.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from provision.connect.secrets import decrypt
from provision.connect.target import resolve
from provision.errors import RunError
from provision.model.fleet import Fleet, Host
from provision.verify.report import Check, VerifyReport
from provision.verify.wanted import Wanted

OnCheck = Callable[[Check], None]
_HERE = Path(__file__).parent
_CHECKS_FAILED = 1
# From the ground up: the first failure tells most.
_TOPICS = ("reachable", "driver", "docker", "container", "mig")


def run(
    fleet: Fleet,
    hosts: Sequence[str] | None = None,
    *,
    junit: Path | None = None,
    on_check: OnCheck | None = None,
) -> VerifyReport:
    """Check hosts of the fleet, all of them where none are named; report each check as it ends.

    `junit` is where a JUnit file is written. Raises VariableError for a variable that the checks cannot read,
    RunError where the checks themselves did not run; a host that cannot be reached is a failed check of it.
    """
    names = list(fleet.names if hosts is None else hosts)
    asked = {name: describe(fleet.host(name), fleet.inventory) for name in names}
    return VerifyReport.of(names, check(asked, junit=junit, on_check=on_check))


def describe(host: Host, inventory: Path) -> dict[str, Any]:
    """Return how to reach a host and what is asked of it, as JSON values. Raises VariableError."""
    wanted = asdict(Wanted.of(host))
    if host.variables.get("ansible_connection") == "local":
        return {"connection": "local", "wanted": wanted}
    target = resolve(host, inventory, decrypt)
    if target is None:
        return {"connection": "ansible", "name": host.name, "inventory": str(inventory), "wanted": wanted}
    return {"connection": "ssh", "target": asdict(target), "wanted": wanted}


def check(
    asked: Mapping[str, Mapping[str, Any]], *, junit: Path | None = None, on_check: OnCheck | None = None
) -> list[Check]:
    """Run the checks against hosts in `describe`'s form, as they answer. Raises RunError."""
    if not asked:
        return []
    hosts_read, hosts_write = os.pipe()
    results_read, results_write = os.pipe()
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            argv(hosts_read, results_write, junit),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=(hosts_read, results_write),
            env=environment(),
            # A session of its own: Ctrl-C reaches us alone, and one signal reaches its connections as well.
            start_new_session=True,
        )
        os.close(hosts_read)
        os.close(results_write)
        try:
            _send(hosts_write, asked)
            found = _receive(results_read, on_check or (lambda _: None))
            code = process.wait()
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait()
            raise
        if code not in (0, _CHECKS_FAILED) or {each.host for each in found} != set(asked):
            raise RunError(f"the checks did not run: pytest ended with {code}", hint=_tail(log))
    return found


def argv(hosts: int, results: int, junit: Path | None) -> list[str]:
    """Return the pytest command: our settings and plugins, and nobody else's."""
    # -P: a module of the working directory must not take the place of one of ours.
    command = [sys.executable, "-P", "-m", "pytest", "-c", str(_HERE / "pytest.ini"), "--rootdir", str(_HERE)]
    command += ["-p", "no:cacheprovider", "-p", "provision.verify.fleet_plugin", "--quiet", "--tb=short"]
    command += [f"--hosts-fd={hosts}", f"--results-fd={results}"]
    if junit is not None:
        command.append(f"--junitxml={junit.absolute()}")
    return [*command, *(str(_HERE / "checks" / f"test_{topic}.py") for topic in _TOPICS)]


def environment() -> dict[str, str]:
    """Return the environment of the checks, without what would change pytest's behaviour."""
    ours = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PY_COLORS"))
    }
    return {**ours, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def _send(descriptor: int, asked: Mapping[str, Mapping[str, Any]]) -> None:
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(asked, stream)
    except BrokenPipeError:
        return  # it ended before it read; its exit code says why


def _receive(descriptor: int, on_check: OnCheck) -> list[Check]:
    found = []
    with os.fdopen(descriptor, encoding="utf-8") as stream:
        for line in stream:
            found.append(Check(**json.loads(line)))
            on_check(found[-1])
    return found


def _tail(log: IO[bytes]) -> str:
    log.seek(0)
    lines = log.read().decode(errors="replace").strip().splitlines()
    return "\n".join(lines[-15:])
