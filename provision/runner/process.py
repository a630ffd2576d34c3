"""`ansible-playbook` as a subprocess: its events through a pipe, its own output to a log, no orphans."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from provision import content
from provision.errors import RunError
from provision.runner.events import Event, parse
from provision.runner.playbook import Playbook

_GRACE = (signal.SIGINT, 15.0), (signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)
"""What an interrupted run is sent, and the seconds that it gets to end before the next."""

KEEPALIVE = ("-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=8")
"""A host that dies while it works is given up after two minutes; OpenSSH by itself would wait for ever."""

PRIVATE = 0o600


@dataclass(frozen=True)
class Result:
    """How the process ended; what happened on the hosts is in the events."""

    returncode: int
    seconds: float
    log: Path


def run_playbook(playbook: Playbook, run_dir: Path, *, on_event: Callable[[Event], None]) -> Result:
    """Run the playbook and call `on_event` for each event, in this thread, as it happens.

    `run_dir` gets `ansible.log` (what a run by hand would show, below the command), `events.jsonl` and the
    files that the command reads, all private. On KeyboardInterrupt the playbook is ended, with every process
    that it started, before the interrupt leaves this function. Raises RunError where nothing can be written.
    """
    try:
        run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, text in playbook.files().items():
            with _private(run_dir / name, "w") as file:
                file.write(text)
    except OSError as error:
        raise RunError(
            f"cannot write `{run_dir}`: {error.strerror}", hint="no host was touched; make room for the run"
        ) from error
    argv = playbook.argv(run_dir)
    started = time.monotonic()
    with _private(run_dir / "ansible.log", "a") as log, _private(run_dir / "events.jsonl", "a") as record:
        log.write(f"$ {' '.join(argv)}\n")
        log.flush()
        with _ssh_masters() as masters:
            process, events = _start(argv, log, masters)
            try:
                with events:
                    for line in events:
                        record.write(line)
                        record.flush()
                        on_event(parse(line))
                returncode = process.wait()
            finally:
                _end(process)
    return Result(returncode, time.monotonic() - started, run_dir / "ansible.log")


def environment(inherited: Mapping[str, str], events: str, masters: str) -> dict[str, str]:
    """Return the environment of the playbook: where our content is, and where events and SSH sockets go.

    A configuration file that the user chose stays chosen, and of SSH's arguments the user's count first.
    """
    callbacks = [name for name in (inherited.get("ANSIBLE_CALLBACKS_ENABLED"), content.callback()) if name]
    ssh = [text for text in (inherited.get("ANSIBLE_SSH_EXTRA_ARGS"), " ".join(KEEPALIVE)) if text]
    ours = {
        **content.environment(),
        "ANSIBLE_CALLBACKS_ENABLED": ",".join(callbacks),
        "ANSIBLE_FORCE_COLOR": "0",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_PIPELINING": "1",
        "ANSIBLE_RETRY_FILES_ENABLED": "0",
        "ANSIBLE_SSH_CONTROL_PATH_DIR": masters,
        "ANSIBLE_SSH_EXTRA_ARGS": " ".join(ssh),
        "LC_ALL": "C.UTF-8",  # Ansible refuses to start in any other encoding
        "PROVISION_EVENTS_PATH": events,
    }
    chosen = {name: inherited[name] for name in ("ANSIBLE_CONFIG",) if name in inherited}
    return {**inherited, **ours, **chosen}


@contextmanager
def _ssh_masters() -> Iterator[Path]:
    """Yield a directory for the sockets of shared SSH connections, and close those connections at the end.

    Ansible leaves them open for a minute, as processes that no longer belong to the run.
    """
    # Not in the directory of the run: the path of a socket may have 108 bytes at most.
    with tempfile.TemporaryDirectory(prefix="provision-") as directory:
        try:
            yield Path(directory)
        finally:
            for socket in Path(directory).iterdir():
                subprocess.run(
                    ["ssh", "-F", "none", "-O", "exit", "-o", f"ControlPath={socket}", "master"],
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    timeout=10,
                    check=False,
                )


def _start(argv: list[str], log: IO[str], masters: Path) -> tuple[subprocess.Popen[bytes], IO[str]]:
    read_end, write_end = os.pipe()
    try:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment(os.environ, f"/dev/fd/{write_end}", str(masters)),
            pass_fds=[write_end],
            # A session of its own: Ctrl-C reaches us alone, and one signal reaches all that it started.
            start_new_session=True,
        )
    except BaseException:
        os.close(read_end)
        raise
    finally:
        os.close(write_end)
    return process, os.fdopen(read_end, encoding="utf-8")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process that has not ended by itself, more firmly each time, and whatever is left of its group.

    Another Ctrl-C moves on to the next signal; it never leaves the process behind.
    """
    if process.poll() is not None:
        return
    for number, seconds in _GRACE:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
            process.wait(timeout=seconds)
            break
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _private(path: Path, mode: str) -> IO[str]:
    return open(path, mode, encoding="utf-8", opener=lambda name, flags: os.open(name, flags, PRIVATE))
