"""One GPU as it is, what it should become, and what has to happen to it.

Everything here is pure. Python 3.8, standard library only; hosts and the control machine run it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import List, Mapping, Sequence, Tuple

from .layout import Board, Target
from .placement import Change, Instance, NoPlacementError, plan_change, restore
from .profiles import known


@dataclass(frozen=True)
class Gpu:
    """One GPU as it is now. `pending` is the MIG mode after the next reset."""

    board: Board
    name: str
    enabled: bool
    pending: bool
    resets: bool
    """A change of MIG mode resets the GPU, so nothing may hold it."""
    instances: Tuple[Instance, ...]
    resettable: bool = True
    """The host can reset the GPU on its own; where it cannot, as under pass-through, it takes a reboot."""


@dataclass(frozen=True)
class Step:
    """What has to happen to one GPU to become its target."""

    gpu: Gpu
    target: Target
    change: Change

    @property
    def switches_mode(self) -> bool:
        """Tell whether MIG mode itself changes."""
        return self.gpu.enabled != self.target.enabled or self.gpu.pending != self.target.enabled

    @property
    def is_empty(self) -> bool:
        """Tell whether the GPU is its target already."""
        return not self.switches_mode and self.change.is_empty

    def before(self) -> List[str]:
        """Return the geometry now, a line an instance."""
        return geometry(self.gpu.enabled, self.gpu.instances)

    def after(self) -> List[str]:
        """Return the geometry wanted, a line an instance."""
        return geometry(self.target.enabled, self.result().instances)

    def result(self) -> Gpu:
        """Return the GPU as it will be; numbers of instances to come are not known."""
        created = tuple(
            Instance(-1, wanted.profile, place, wanted.compute) for wanted, place in self.change.create
        )
        enabled = self.target.enabled
        return replace(self.gpu, enabled=enabled, pending=enabled, instances=self.change.keep + created)


def geometry(enabled: bool, instances: Sequence[Instance]) -> List[str]:
    """Write a geometry: the mode, then each instance with its place, in order of places."""
    lines = ["MIG %s" % ("enabled" if enabled else "disabled")]
    return lines + [label(instance) for instance in sorted(instances, key=lambda each: each.placement)]


def label(instance: Instance) -> str:
    """Write an instance: its place and its profile, and how it is divided where it is."""
    parts = "+".join("%dc" % slices for slices in instance.compute)
    # 3g.20gb with one compute instance of three slices is simply 3g.20gb.
    whole = parts == "%sc" % instance.profile.split("g.")[0]
    name = instance.profile if whole else "%s (%s)" % (instance.profile, parts or "empty")
    return "%s %s" % (instance.placement, name)


def plan(gpus: Sequence[Gpu], targets: Mapping[str, Target]) -> List[Step]:
    """Return a step for each GPU that has a target. Raises NoPlacementError."""
    return [_plan_gpu(gpu, targets[gpu.board.uuid]) for gpu in gpus if gpu.board.uuid in targets]


def bare(pci: str, device: str, subsystem: str, enabled: bool = False) -> Gpu:
    """Return a GPU that no driver tells about yet: no instances, profiles of the board as far as they are known.

    `enabled` is the MIG mode that it was left in; only GPUs that are reset for a change of it keep it.
    """
    profiles = known(device)
    board = Board(pci, pci, device, subsystem, profiles is not None, profiles or {})
    # Device ids of Ampere's boards with MIG begin with 20.
    resets = device.startswith("20")
    return Gpu(board, "", enabled and resets, enabled and resets, resets, ())


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


def _plan_gpu(gpu: Gpu, target: Target) -> Step:
    if not target.enabled:
        return Step(gpu, target, Change((), gpu.instances, ()))
    try:
        if not gpu.instances:
            again = restore(gpu.board.profiles, target.instances, target.places)
            if again is not None and target.places:
                return Step(gpu, target, again)
        return Step(gpu, target, plan_change(gpu.board.profiles, gpu.instances, target.instances))
    except NoPlacementError as error:
        raise NoPlacementError("GPU %s: %s" % (gpu.board.pci, error)) from error
