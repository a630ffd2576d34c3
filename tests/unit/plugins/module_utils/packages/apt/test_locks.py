"""Locks of other package managers: waited for, never removed."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from provision.plugins.module_utils.packages.apt import locks as apt_locks

_HOLD = """
import fcntl, sys
handle = open(sys.argv[1], "w")
fcntl.lockf(handle, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


class Clock(apt_locks.Clock):
    """A clock that ticks when somebody sleeps, and calls back once."""

    def __init__(self, at_first_sleep: Iterator[None] | None = None) -> None:
        self.seconds = 0.0
        self._callback = at_first_sleep
        self.now = lambda: self.seconds
        self.sleep = self._tick

    def _tick(self, seconds: float) -> None:
        self.seconds += seconds
        if self._callback is not None:
            next(self._callback, None)


@contextmanager
def _held(path: Path) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_free_lock_has_no_holder(tmp_path: Path) -> None:
    (tmp_path / "lock").touch()
    assert apt_locks.holder(str(tmp_path / "lock")) is None
    assert apt_locks.holder(str(tmp_path / "absent")) is None


def test_the_holder_is_named_and_its_lock_stays(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with _held(path) as process:
        assert str(process.pid) in (apt_locks.holder(str(path)) or "")
        with pytest.raises(apt_locks.LockTimeoutError, match=f"pid {process.pid}.* still holds {path}"):
            apt_locks.wait([str(path)], 10.0, Clock())
        assert path.exists()


def test_waiting_ends_when_the_holder_does(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with _held(path) as process:

        def finish() -> Iterator[None]:
            process.kill()
            process.wait()
            yield

        clock = Clock(finish())
        apt_locks.wait([str(path)], 60.0, clock)
    assert clock.seconds < 60


def test_apts_daily_job_is_kept_waiting_and_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "daily_lock"
    monkeypatch.setattr(apt_locks, "DAILY", str(path))
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    with apt_locks.quiet_timers(0.0, Clock()), pytest.raises(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with pytest.raises(apt_locks.LockTimeoutError, match="daily job"), apt_locks.quiet_timers(5.0, Clock()):
        pass
    os.close(descriptor)
