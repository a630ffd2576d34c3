"""Waits for other package managers; never removes a lock. Keeps apt's own timers quiet for a while.

apt's daily jobs take a lock of their own before they do anything (`flock` on /var/lib/apt/daily_lock, in
/usr/lib/apt/apt.systemd.daily) and wait up to an hour for it. Holding that lock keeps them quiet without
changing a unit, and the kernel gives it back when this process ends, however it ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import time
from typing import Callable, Iterator, Optional, Sequence

DPKG = ("/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock", "/var/cache/apt/archives/lock")
LISTS = ("/var/lib/apt/lists/lock",)
DAILY = "/var/lib/apt/daily_lock"

_FLOCK = "hhqqi"  # struct flock of fcntl(2) on 64-bit Linux: type, whence, start, length, pid
_PAUSE = 2.0


class LockTimeoutError(Exception):
    """Another package manager did not finish in time."""


class Clock:
    """Time, so that tests need none."""

    now: Callable[[], float] = staticmethod(time.monotonic)
    sleep: Callable[[float], None] = staticmethod(time.sleep)


def holder(path: str) -> Optional[str]:
    """Return who holds the fcntl lock on a file, such as `apt-get (pid 4711)`, or None when nobody does."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:  # missing, not ours, or on a disk that is read-only: what needs the lock will say it
        return None
    try:
        asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        answer = fcntl.fcntl(descriptor, fcntl.F_GETLK, asked)
        kind, _, _, _, pid = struct.unpack(_FLOCK, answer)
    finally:
        os.close(descriptor)
    return None if kind == fcntl.F_UNLCK else "%s (pid %d)" % (_command(pid), pid)


def wait(paths: Sequence[str], deadline: float, clock: Optional[Clock] = None) -> None:
    """Return when none of the locks is held; raise LockTimeoutError at the deadline (monotonic seconds)."""
    ticking = clock or Clock()
    while True:
        held = next(((path, who) for path in paths for who in [holder(path)] if who), None)
        if held is None:
            return
        if ticking.now() >= deadline:
            raise LockTimeoutError("%s still holds %s" % (held[1], held[0]))
        ticking.sleep(_PAUSE)


@contextlib.contextmanager
def quiet_timers(deadline: float, clock: Optional[Clock] = None) -> Iterator[None]:
    """Keep apt's daily jobs from starting while the block runs; wait for one that is running already."""
    ticking = clock or Clock()
    try:
        descriptor = os.open(DAILY, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except FileNotFoundError:
        yield
        return
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if ticking.now() >= deadline:
                    raise LockTimeoutError("apt's daily job still holds %s" % DAILY) from None
                ticking.sleep(_PAUSE)
        yield
    finally:
        os.close(descriptor)


def _command(pid: int) -> str:
    try:
        with open("/proc/%d/comm" % pid, encoding="utf-8") as handle:
            return handle.read().strip()
    except OSError:
        return "a process"
