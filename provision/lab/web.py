"""Start and stop the lab's web server (server.py) as a process that outlives the command."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from provision.errors import RunError
from provision.lab.state import GATEWAY, PORT, State

PROGRAM = "provision.lab.server"
START_SECONDS = 10


def ensure(state: State) -> None:
    """Start the server if it does not answer. Raises RunError."""
    if is_serving():
        return
    stop(state)
    log = state.root / "server.log"
    argv = (sys.executable, "-m", PROGRAM, str(state.www), GATEWAY, str(PORT))
    with log.open("ab") as output:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    _pid_file(state).write_text(str(process.pid))
    deadline = time.monotonic() + START_SECONDS
    while not is_serving():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RunError(f"the lab's web server does not answer on {GATEWAY}:{PORT}", hint=f"see {log}")
        time.sleep(0.05)


def stop(state: State) -> None:
    """Stop the server that this state started, if it still runs."""
    pid_file = _pid_file(state)
    if not pid_file.exists():
        return
    pid = int(pid_file.read_text())
    if is_ours(Path(f"/proc/{pid}/cmdline")):
        os.kill(pid, signal.SIGTERM)
    pid_file.unlink()


def is_ours(command_line: Path) -> bool:
    """Tell whether a process is the lab's web server, by its /proc/PID/cmdline: ids are used again."""
    try:
        return PROGRAM.encode() in command_line.read_bytes().split(b"\0")
    except OSError:
        return False


def is_serving() -> bool:
    """Tell whether the registry's root answers at the lab's address."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{GATEWAY}:{PORT}/v2/", timeout=2) as answer:
            return "Docker-Distribution-Api-Version" in answer.headers
    except OSError:
        return False


def _pid_file(state: State) -> Path:
    return state.root / "server.pid"
