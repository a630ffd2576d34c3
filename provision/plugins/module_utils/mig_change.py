"""From a wanted MIG layout to the GPUs: one look, every refusal, and only then the change.

Used by the module and by the program that runs at boot. Runs on hosts: Python 3.8, standard library only.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from dataclasses import dataclass
from typing import Callable, Iterator, List, Mapping, NamedTuple, Sequence, Set, Tuple

from .host_state_machine import Machine
from .mig_gpu import Gpu, MigError, Step, carry_out, read
from .mig_placement import Instance
from .mig_users import Place, Usage, User, find
from .nvml import Nvml

LOCK = "/run/provision/mig.lock"
STOPPED = "/run/provision/mig-stopped.json"
"""Services that are stopped for a change: one that is killed leaves them to be started by the next."""

Run = Callable[[List[str]], Tuple[int, str]]


class MigRefusedError(Exception):
    """Nothing was changed. The message says what stands in the way, the hint what to do about it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class Consent(NamedTuple):
    """What the change may disturb: idle instances, and GPUs that a change of mode resets."""

    destroy: bool
    reset: bool


@dataclass(frozen=True)
class Scene:
    """The GPUs and their users at one moment."""

    gpus: Tuple[Gpu, ...]
    usage: Usage


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


def look(nvml: Nvml, machine: Machine) -> Scene:
    """Return the GPUs, and who uses them. Raises NvmlError."""
    places = []
    for index, device in enumerate(nvml.devices()):
        mode = nvml.mig_mode(device)
        devices = tuple(nvml.mig_devices(device)) if mode is not None and mode[0] else ()
        places.append(Place(nvml.uuid(device), index, nvml.minor(device), devices))
    usage = find(machine, places)
    working = {
        key: tuple(user.text for user in users if not user.unit) for key, users in usage.instances.items()
    }
    return Scene(tuple(read(nvml, working)), usage)


def refuse(steps: Sequence[Step], usage: Usage, consent: Consent) -> None:
    """Raise MigRefusedError for the first thing that stands in the way of any of the steps."""
    for step in steps:
        for instance in step.change.destroy:
            _refuse_busy(step, instance)
    for step in steps:
        if step.switches_mode:
            _refuse_clients(step, usage)
    for step in steps:
        for instance in step.change.destroy:
            # An instance without compute instances is nobody's: it has no device and no UUID.
            if instance.compute and not consent.destroy:
                raise MigRefusedError(
                    "%s would be destroyed, and with it the UUIDs of its MIG devices" % _told(step, instance),
                    "nobody uses it now: set `nvidia_mig_allow_destroy: true`",
                )
        if step.switches_mode and step.gpu.resets and not consent.reset:
            word = "on" if step.target.enabled else "off"
            raise MigRefusedError(
                "switching MIG mode %s resets GPU %s" % (word, step.gpu.board.pci),
                "nobody works on it now: set `nvidia_mig_allow_reset: true`",
            )


def carry_out_all(nvml: Nvml, steps: Sequence[Step], usage: Usage, run: Run, note: str = STOPPED) -> None:
    """Bring every GPU to its target, with the services out of the way that hold them. Raises MigError."""
    with _stopped(_in_the_way(steps, usage), run, note):
        done: List[str] = []
        for step in steps:
            if step.is_empty:
                continue
            try:
                carry_out(nvml, step)
            except MigError as error:
                others = "; before it, GPU %s was changed" % ", ".join(done) if done else ""
                raise MigError("%s%s" % (error, others)) from error
            done.append(step.gpu.board.pci)


def _refuse_busy(step: Step, instance: Instance) -> None:
    if instance.users:
        raise MigRefusedError(
            "%s is in use by %s" % (_told(step, instance), ", ".join(instance.users)),
            "end what runs on it, or choose a layout that keeps it",
        )


def _refuse_clients(step: Step, usage: Usage) -> None:
    users = _clients(step.gpu, usage)
    working = [user.text for user in users if not user.unit]
    if working:
        word = "on" if step.target.enabled else "off"
        raise MigRefusedError(
            "MIG mode of GPU %s cannot be switched %s: %s uses it"
            % (step.gpu.board.pci, word, ", ".join(working)),
            "end what runs on it",
        )


def _clients(gpu: Gpu, usage: Usage) -> Tuple[User, ...]:
    """Return who must let go for a change of mode: everybody where it is a reset, else those who compute."""
    found = usage.gpus if gpu.resets else usage.computing
    return found.get(gpu.board.uuid, ())


def _in_the_way(steps: Sequence[Step], usage: Usage) -> List[str]:
    units: Set[str] = set()
    for step in steps:
        if step.switches_mode:
            units.update(user.unit for user in _clients(step.gpu, usage))
        for instance in step.change.destroy:
            users = usage.instances.get((step.gpu.board.uuid, instance.identifier), ())
            units.update(user.unit for user in users)
    return sorted(units - {""})


@contextlib.contextmanager
def _stopped(units: Sequence[str], run: Run, note: str) -> Iterator[None]:
    left = _left_stopped(note)
    every = sorted({*units, *left})
    try:
        if units:
            os.makedirs(os.path.dirname(note), mode=0o755, exist_ok=True)
            with open(note, "w", encoding="utf-8") as file:
                json.dump(every, file)
        for unit in units:
            code, output = run(["systemctl", "stop", unit])
            if code:
                raise MigError("%s cannot be stopped: %s; nothing was changed" % (unit, output.strip()))
        yield
    finally:
        for unit in every:
            run(["systemctl", "start", unit])
        if every:
            os.unlink(note)


def _left_stopped(note: str) -> List[str]:
    """Return the services that a change which was killed has left stopped."""
    try:
        with open(note, encoding="utf-8") as file:
            return [str(unit) for unit in json.load(file)]
    except (OSError, ValueError):
        return []


def _told(step: Step, instance: Instance) -> str:
    return "MIG instance %d (%s) of GPU %s" % (instance.identifier, instance.profile, step.gpu.board.pci)


def summary(step: Step) -> Mapping[str, object]:
    """Return what a step does, for people and programs."""
    return {
        "pci": step.gpu.board.pci,
        "uuid": step.gpu.board.uuid,
        "before": step.before(),
        "after": step.after(),
        "kept": len(step.change.keep),
        "destroyed": len(step.change.destroy),
        "created": len(step.change.create),
    }
