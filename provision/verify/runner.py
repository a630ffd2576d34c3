"""Runs the checks: hosts are asked at once, in one round trip each, and one pytest process judges them all.

Measured on two busy cores: pytest needs 0.4 s of processor time to start, so a process a host spends its time
starting; one process starts while the hosts are asked, and has nothing to do with how they are reached. And 25
commands over a shared connection took nine times as long as one program that does the same.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import IO, Any

from provision.connect.answer import Answer
from provision.connect.asking import Asked, ask, ask_all
from provision.connect.connections import Connections
from provision.errors import ConnectError, RunError
from provision.model.fleet import Fleet, Host
from provision.verify.question import ENTRY, options
from provision.verify.report import Check, VerifyReport
from provision.verify.wanted import Wanted

OnCheck = Callable[[Check], None]
OnAnswer = Callable[[Asked[Answer]], None]
_HERE = Path(__file__).parent
_MOST_AT_ONCE = 64
_LONGEST = 1800.0
"""Seconds for a host to answer: an image of gigabytes may have to be pulled."""

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

    `junit` is where a JUnit file is written. Raises RunError where the checks themselves did not run; a host
    that cannot be reached is a failed check of it.
    """
    chosen = [fleet.host(name) for name in (fleet.names if hosts is None else hosts)]
    wanted = {host.name: Wanted.of(host.desired) for host in chosen}
    with Connections() as connections:

        def see(host: Host) -> Answer:
            asked = options(wanted[host.name])
            return ask(host, fleet.inventory, connections, ENTRY, asked, seconds=_LONGEST)

        gather = partial(ask_all, chosen, see, threads=_MOST_AT_ONCE)
        checks = judge(wanted, gather, junit=junit, on_check=on_check)
    return VerifyReport.of(list(wanted), checks)


def judge(
    wanted: Mapping[str, Wanted],
    gather: Callable[[OnAnswer], None],
    *,
    junit: Path | None = None,
    on_check: OnCheck | None = None,
) -> list[Check]:
    """Run the checks of every host as it answers. `gather` calls what it is given for each host, in a thread.

    Raises RunError.
    """
    if not wanted:
        return []
    answers_read, answers_write = os.pipe()
    results_read, results_write = os.pipe()
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            argv(answers_read, results_write, junit),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=(answers_read, results_write),
            env=environment(),
            start_new_session=True,  # Ctrl-C reaches us alone
        )
        os.close(answers_read)
        os.close(results_write)
        try:
            hand_over = partial(_hand_over, answers_write, wanted, gather)
            threading.Thread(target=hand_over, name="provision-verify", daemon=True).start()
            found = _receive(results_read, on_check or (lambda _: None))
            code = process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise
        if code not in (0, _CHECKS_FAILED) or {each.host for each in found} != set(wanted):
            raise RunError(f"the checks did not run: pytest ended with {code}", hint=_tail(log))
    return found


def argv(answers: int, results: int, junit: Path | None) -> list[str]:
    """Return the pytest command: our settings and plugins, and nobody else's."""
    # -P: a module of the working directory must not take the place of one of ours.
    command = [sys.executable, "-P", "-m", "pytest", "-c", str(_HERE / "pytest.ini"), "--rootdir", str(_HERE)]
    command += ["-p", "no:cacheprovider", "-p", "provision.verify.fleet_plugin", "--quiet", "--tb=short"]
    command += [f"--answers-fd={answers}", f"--results-fd={results}"]
    if junit is not None:
        command.append(f"--junitxml={junit.absolute()}")
    return [*command, *(str(_HERE / "checks" / f"test_{topic}.py") for topic in _TOPICS)]


def environment() -> dict[str, str]:
    """Return the environment of the checks, without what would change pytest's behaviour."""
    ours = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PY_COLORS"))
    }
    return {**ours, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def _hand_over(descriptor: int, wanted: Mapping[str, Wanted], gather: Callable[[OnAnswer], None]) -> None:
    # Where the checks have ended before they read it all, their exit code says why.
    with suppress(BrokenPipeError), os.fdopen(descriptor, "w", encoding="utf-8", buffering=1) as stream:

        def tell(asked: Asked[Answer]) -> None:
            stream.write(json.dumps(_line(asked, wanted[asked.name])) + "\n")

        stream.write(json.dumps(list(wanted)) + "\n")
        gather(tell)


def _line(asked: Asked[Answer], wanted: Wanted) -> dict[str, Any]:
    if isinstance(asked.result, ConnectError):
        error, hint = asked.result.message, asked.result.hint
        return {"host": asked.name, "error": f"{error}\nhint: {hint}" if hint else error}
    return {"host": asked.name, "wanted": asdict(wanted), "seen": asked.result}


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
