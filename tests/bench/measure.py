"""One program, run once: wall time, CPU time and peak memory of it and of everything that it started.

The kernel keeps the books, in a control group made for the run: processes that detach themselves, as the
connections that OpenSSH keeps, count as well, and memory that processes share counts once. The memory is
everything charged to the group: anonymous, the kernel's, and pages of files that nobody had read before.
"""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
_ENTER = 'for group in $GROUPS_TO_ENTER; do echo $$ >"$group/cgroup.procs"; done; exec "$@"'


@dataclass(frozen=True)
class Sample:
    """One run. Times in seconds, memory in bytes."""

    wall: float
    cpu: float
    memory: int
    code: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class _Group:
    """A control group: one directory on cgroup v2, one a controller on v1."""

    cpu: Path
    memory: Path

    @property
    def paths(self) -> list[Path]:
        return sorted({self.cpu, self.memory})

    def cpu_seconds(self) -> float:
        usage = self.cpu / "cpuacct.usage"
        if usage.exists():
            return int(usage.read_text()) / 1e9
        values = dict(line.split() for line in (self.cpu / "cpu.stat").read_text().splitlines())
        return int(values["usage_usec"]) / 1e6

    def peak_memory(self) -> int:
        old = self.memory / "memory.max_usage_in_bytes"
        return int((old if old.exists() else self.memory / "memory.peak").read_text())

    def end_what_is_left(self) -> None:
        while pids := (self.cpu / "cgroup.procs").read_text().split():
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            time.sleep(0.01)


def run(argv: Sequence[str], *, env: Mapping[str, str], cwd: Path) -> Sample:
    """Run a program to its end and end what it left running. Needs root."""
    with _group() as group:
        started = time.perf_counter()
        done = subprocess.run(
            ["/bin/sh", "-c", _ENTER, "sh", *argv],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            cwd=cwd,
            env={**os.environ, **env, "GROUPS_TO_ENTER": " ".join(map(str, group.paths))},
        )
        wall = time.perf_counter() - started
        return Sample(
            wall, group.cpu_seconds(), group.peak_memory(), done.returncode, done.stdout, done.stderr
        )


@contextmanager
def _group() -> Iterator[_Group]:
    name = f"provision-bench-{os.getpid()}"
    unified = _CGROUP / "cgroup.controllers"
    if unified.exists():
        (_CGROUP / "cgroup.subtree_control").write_text("+cpu +memory")
        group = _Group(_CGROUP / name, _CGROUP / name)
    else:
        group = _Group(_CGROUP / "cpuacct" / name, _CGROUP / "memory" / name)
    for path in group.paths:
        path.mkdir()
    try:
        yield group
    finally:
        group.end_what_is_left()
        for path in group.paths:
            path.rmdir()
