"""The machine's Docker engine: started where nothing else starts it, and stopped again by who started it."""

import os
import signal
import subprocess
import time
from pathlib import Path

from provision.errors import RunError
from provision.lab import programs
from provision.lab.state import State

START_SECONDS = 60
_VERSION = ("version", "--format", "{{.Server.Version}}")


def answers() -> bool:
    """Tell whether the engine answers."""
    return programs.docker_answers(*_VERSION) is not None


def major() -> int:
    """Return the major version of the engine. Raises RunError if it does not answer."""
    return int(programs.docker(*_VERSION).partition(".")[0])


def ensure(state: State) -> bool:
    """Start the engine if it does not answer; return whether it had to be started. Raises RunError."""
    if answers():
        return False
    if Path("/run/systemd/system").is_dir():
        programs.run(("systemctl", "start", "docker.service"), hint="journalctl -u docker.service says why")
        log = "journalctl -u docker.service"
    else:
        log = str(state.root / "dockerd.log")
        with Path(log).open("ab") as output:
            # Its own session, so that the engine outlives this command and its terminal.
            engine = subprocess.Popen(
                ("dockerd",), stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
        _pid_file(state).write_text(str(engine.pid))
    deadline = time.monotonic() + START_SECONDS
    while not answers():
        if time.monotonic() > deadline:
            raise RunError(f"dockerd does not answer after {START_SECONDS} s", hint=f"see {log}")
        time.sleep(0.2)
    return True


def release(state: State) -> bool:
    """Stop the engine if the lab started it and nothing runs on it; return whether it was stopped."""
    pid_file = _pid_file(state)
    if not pid_file.exists():
        return False
    pid = int(pid_file.read_text())
    if _name_of(pid) != "dockerd":
        pid_file.unlink()
        return False
    if programs.docker("ps", "--quiet").strip():
        return False
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + START_SECONDS
    while _name_of(pid) == "dockerd" and time.monotonic() < deadline:
        time.sleep(0.1)
    pid_file.unlink()
    return True


def _pid_file(state: State) -> Path:
    return state.root / "dockerd.pid"


def _name_of(pid: int) -> str | None:
    """Return the command name of a process that still runs; a zombie no longer does."""
    try:
        name, status = Path(f"/proc/{pid}/stat").read_text().split("(", 1)[1].rsplit(")", 1)
    except OSError:
        return None
    return None if status.split()[0] == "Z" else name
