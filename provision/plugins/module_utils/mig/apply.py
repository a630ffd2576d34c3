"""From plans to the GPUs, one change of a host at a time, with the driver's services out of the way.

Used by the module and by the program that runs at boot.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from typing import Callable, Iterator, List, Sequence, Set, Tuple

from ..gpus.nvml import Nvml
from ..host.files import read_note, write_note
from .geometry import MigError, Reset, reconfigure
from .plan import GpuPlan
from .refusal import MigRefusedError, clients

LOCK = "/run/provision/mig.lock"
STOPPED = "/run/provision/mig-stopped.json"
"""Services that are stopped for a change: one that is killed leaves them to be started by the next, see `resume`."""

CHANGED = "/run/provision/mig-changed.json"
"""GPUs that a change began with, until their devices are described anew: one that is killed leaves that to the next."""

Run = Callable[[List[str]], Tuple[int, str]]


@contextlib.contextmanager
def locked(seconds: float, path: str = LOCK) -> Iterator[None]:
    """Hold the lock that lets one change run at a time. Raises MigRefusedError after `seconds`."""
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    deadline = time.monotonic() + seconds
    with open(path, "w", encoding="ascii") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise MigRefusedError(
                        "another run has been changing the MIG layout of this host for %d s" % seconds,
                        "wait for it to end; `fuser %s` names it" % path,
                    ) from None
                time.sleep(0.2)
        yield


def resume(run: Run, note: str = STOPPED) -> None:
    """Start what is stopped for a change: at its end, and before the next where it was killed. Under the lock."""
    units = read_note(note)
    for unit in units or []:
        run(["systemctl", "start", str(unit)])
    if units:
        os.unlink(note)


def apply_plans(
    nvml: Nvml, plans: Sequence[GpuPlan], run: Run, *, reboot: bool = False, note: str = STOPPED
) -> List[str]:
    """Bring every GPU to its target, with the services out of the way that hold them. Raises MigError.

    Return the addresses of those that wait for a reboot, which is for the caller to do. Without `reboot` such
    a GPU is put back: PendingError.
    """
    waiting: List[str] = []
    with _stopped(_in_the_way(plans), run, note):
        done: List[str] = []
        for plan in plans:
            if plan.is_empty:
                continue
            try:
                if not reconfigure(nvml, plan, _resetter(nvml, run), reboot):
                    waiting.append(plan.gpu.pci)
            except MigError as error:
                others = "; before it, GPU %s was changed" % ", ".join(done) if done else ""
                raise type(error)("%s%s" % (error, others)) from error
            done.append(plan.gpu.pci)
    return waiting


def _resetter(nvml: Nvml, run: Run) -> Reset:
    """Return what has nvidia-smi reset a GPU: the library's public interface cannot."""

    def reset(uuid: str) -> str:
        with nvml.released():  # we are one of the clients that would be in the way
            code, output = run(["nvidia-smi", "--gpu-reset", "-i", uuid])
        return "nvidia-smi --gpu-reset: %s" % " ".join(output.split())[:300] if code else ""

    return reset


def _in_the_way(plans: Sequence[GpuPlan]) -> List[str]:
    units: Set[str] = set()
    for plan in plans:
        if plan.switches_mode:
            units.update(user.unit for user in clients(plan.gpu))
        for instance in plan.change.destroy:
            units.update(user.unit for user in instance.users)
    return sorted(units - {""})


@contextlib.contextmanager
def _stopped(units: Sequence[str], run: Run, note: str) -> Iterator[None]:
    try:
        if units:
            os.makedirs(os.path.dirname(note), mode=0o755, exist_ok=True)
            write_note(note, units, 0o644)
        for unit in units:
            code, output = run(["systemctl", "stop", unit])
            if code:
                raise MigError("%s cannot be stopped: %s; nothing was changed" % (unit, output.strip()))
        yield
    finally:
        resume(run, note)
