"""The MIG state of a host's GPUs, read through libnvidia-ml, and changed all or nothing per GPU.

Runs on hosts: Python 3.8, standard library only. The decision what to change is mig_placement's; here it is
carried out, undone when a step fails, and read back in the end.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Callable, Dict, List, Mapping, Sequence, Tuple

from .mig_layout import Board, Target
from .mig_placement import (
    Change,
    Instance,
    NoPlacementError,
    Placement,
    Profile,
    Wanted,
    describe,
    plan_change,
    restore,
)
from .mig_profiles import known
from .nvml import IN_USE, RESET_REQUIRED, SUCCESS, GpuInstance, Nvml, NvmlError

# Hopper (compute capability 9.0) and later need no reset (MIG user guide, "Enable MIG Mode").
_NO_RESET_SINCE = (9, 0)
_PENDING = {
    IN_USE: "another client holds the GPU",
    RESET_REQUIRED: "this host cannot reset the GPU, as under pass-through; `nvidia-smi -mig` and a reboot can",
}


@dataclass(frozen=True)
class Gpu:
    """One GPU as it is now. `pending` is the MIG mode after the next reset."""

    handle: int
    board: Board
    name: str
    enabled: bool
    pending: bool
    resets: bool
    """A change of MIG mode resets the GPU, so nothing may hold it."""
    instances: Tuple[Instance, ...]


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


class MigError(Exception):
    """A GPU could not be brought to its target; the message says in which state it was left."""


def geometry(enabled: bool, instances: Sequence[Instance]) -> List[str]:
    """Write a geometry: the mode, then each instance with its place, in order of places."""
    lines = ["MIG %s" % ("enabled" if enabled else "disabled")]
    for instance in sorted(instances, key=lambda each: each.placement):
        parts = "+".join("%dc" % slices for slices in instance.compute)
        # 3g.20gb with one compute instance of three slices is simply 3g.20gb.
        whole = parts == "%sc" % instance.profile.split("g.")[0]
        lines.append(
            "%s %s"
            % (
                instance.placement,
                instance.profile if whole else "%s (%s)" % (instance.profile, parts or "empty"),
            )
        )
    return lines


def read(nvml: Nvml, users: Mapping[Tuple[str, int], Tuple[str, ...]]) -> List[Gpu]:
    """Return the GPUs; `users` names who holds a GPU instance, by (GPU UUID, instance id)."""
    return [_read_gpu(nvml, handle, users) for handle in nvml.devices()]


def plan(gpus: Sequence[Gpu], targets: Mapping[str, Target]) -> List[Step]:
    """Return a step for each GPU that has a target. Raises NoPlacementError."""
    return [_plan_gpu(gpu, targets[gpu.board.uuid]) for gpu in gpus if gpu.board.uuid in targets]


def bare(pci: str, device: str, subsystem: str) -> Gpu:
    """Return a GPU that no driver tells about yet: MIG off, profiles of the board as far as they are known."""
    profiles = known(device)
    board = Board(pci, pci, device, subsystem, profiles is not None, profiles or {})
    # Device ids of Ampere's boards with MIG begin with 20.
    return Gpu(0, board, "", False, False, device.startswith("20"), ())


def carry_out(nvml: Nvml, step: Step) -> None:
    """Bring one GPU to its target, or back to what it was. Raises MigError, after undoing what it did."""
    gpu, undo = step.gpu, Undo()
    try:
        for instance in step.change.destroy:
            _destroy(nvml, gpu, instance, undo)
        if step.switches_mode:
            _switch(nvml, gpu, step.target.enabled, undo)
        for wanted, place in step.change.create:
            _create(nvml, gpu, wanted, place, undo)
        _check(nvml, step)
    except (NvmlError, MigError) as error:
        raise MigError("GPU %s: %s; %s" % (gpu.board.pci, error, undo.run())) from error
    except BaseException:
        undo.run()  # told to stop in the middle
        raise


class Undo:
    """What takes back what was done, last first."""

    def __init__(self) -> None:
        self._actions: List[Tuple[str, Callable[[], None]]] = []

    def add(self, what: str, action: Callable[[], None]) -> None:
        """Remember how to take back one thing."""
        self._actions.append((what, action))

    def run(self) -> str:
        """Take everything back; say whether that worked."""
        for what, action in reversed(self._actions):
            try:
                action()
            except (NvmlError, MigError) as error:
                return "it could not be put back: %s failed with %s" % (what, error)
        return "it was put back as it was" if self._actions else "nothing was changed"


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


def _destroy(nvml: Nvml, gpu: Gpu, instance: Instance, undo: Undo) -> None:
    handle = _handle(nvml, gpu, instance.identifier)
    profile = gpu.board.profiles[instance.profile]
    for compute in reversed(nvml.compute_instances(handle)):
        nvml.destroy_compute_instance(compute.handle)
        undo.add(
            "re-creating a compute instance of %s" % instance.profile,
            lambda slices=compute.slices: nvml.create_compute_instance(  # type: ignore[misc]
                _handle_at(nvml, gpu, profile, instance.placement), slices
            ),
        )
    nvml.destroy_gpu_instance(handle)
    undo.add(
        "re-creating %s" % instance.profile,
        lambda: _create_gpu_instance(nvml, gpu, profile, instance.placement),
    )


def _switch(nvml: Nvml, gpu: Gpu, enabled: bool, undo: Undo) -> None:
    status = nvml.set_mig_mode(gpu.handle, enabled)

    def back() -> None:
        nvml.set_mig_mode(gpu.handle, gpu.enabled)

    undo.add("switching MIG mode back", back)
    current = nvml.mig_mode(gpu.handle)
    if status != SUCCESS or current != (enabled, enabled):
        word = "enabled" if enabled else "disabled"
        reason = _PENDING.get(status, "NVML status %d" % status)
        raise MigError("MIG mode is only pending, not %s: %s" % (word, reason))


def _create(nvml: Nvml, gpu: Gpu, wanted: Wanted, place: Placement, undo: Undo) -> None:
    profile = gpu.board.profiles[wanted.profile]
    _create_gpu_instance(nvml, gpu, profile, place)
    undo.add(
        "destroying a new %s" % wanted.profile,
        lambda: nvml.destroy_gpu_instance(_handle_at(nvml, gpu, profile, place)),
    )

    def empty() -> None:
        for compute in reversed(nvml.compute_instances(_handle_at(nvml, gpu, profile, place))):
            nvml.destroy_compute_instance(compute.handle)

    undo.add("emptying a new %s" % wanted.profile, empty)
    handle = _handle_at(nvml, gpu, profile, place)
    for slices in wanted.compute:
        nvml.create_compute_instance(handle, slices)


def _create_gpu_instance(nvml: Nvml, gpu: Gpu, profile: Profile, place: Placement) -> None:
    nvml.create_gpu_instance(gpu.handle, _identifier(nvml, gpu, profile.name), place.start, place.size)


def _check(nvml: Nvml, step: Step) -> None:
    """Read back: "pending", a quiet failure or a second hand on the GPU must not pass for success."""
    now = _read_gpu(nvml, step.gpu.handle, {})
    if now.enabled != step.target.enabled or now.pending != step.target.enabled:
        raise MigError("MIG mode is %s after the change" % ("enabled" if now.enabled else "disabled"))
    found = Counter(Wanted(each.profile, each.compute) for each in now.instances)
    if found != Counter(step.target.instances):
        raise MigError("it has %s after the change" % describe(tuple(found.elements())))


def _read_gpu(nvml: Nvml, handle: int, users: Mapping[Tuple[str, int], Tuple[str, ...]]) -> Gpu:
    mode = nvml.mig_mode(handle)
    uuid, pci = nvml.uuid(handle), nvml.pci(handle)
    profiles: Dict[str, Profile] = {}
    instances: List[Instance] = []
    for offered in nvml.gpu_instance_profiles(handle) if mode is not None else []:
        places = tuple(Placement(*each) for each in sorted(nvml.placements(handle, offered.identifier)))
        profiles[offered.name] = Profile(offered.name, offered.slices, offered.limit, places, offered.engines)
        if mode is not None and mode[0]:
            for found in nvml.gpu_instances(handle, offered.identifier):
                holders = users.get((uuid, found.identifier), ())
                instances.append(_instance(nvml, offered.name, found, holders))
    if mode is not None and not profiles:
        # Drivers before branch 550 tell of profiles only while MIG mode is on.
        profiles = dict(known(pci.device) or {})
    board = Board(uuid, pci.address, pci.device, pci.subsystem, mode is not None, profiles)
    enabled, pending = mode or (False, False)
    resets = nvml.compute_capability(handle) < _NO_RESET_SINCE
    return Gpu(handle, board, nvml.name(handle), enabled, pending, resets, tuple(instances))


def _instance(nvml: Nvml, profile: str, found: GpuInstance, holders: Tuple[str, ...]) -> Instance:
    slices = sorted((each.slices for each in nvml.compute_instances(found.handle)), reverse=True)
    return Instance(found.identifier, profile, Placement(found.start, found.size), tuple(slices), holders)


def _identifier(nvml: Nvml, gpu: Gpu, name: str) -> int:
    """Return NVML's number of a profile on this GPU: the same number means another size elsewhere."""
    for each in nvml.gpu_instance_profiles(gpu.handle):
        if each.name == name:
            return each.identifier
    raise MigError("the driver offers no profile `%s`" % name)


def _existing(nvml: Nvml, gpu: Gpu) -> List[GpuInstance]:
    return [
        found
        for offered in nvml.gpu_instance_profiles(gpu.handle)
        for found in nvml.gpu_instances(gpu.handle, offered.identifier)
    ]


def _handle(nvml: Nvml, gpu: Gpu, identifier: int) -> int:
    for each in _existing(nvml, gpu):
        if each.identifier == identifier:
            return each.handle
    raise MigError("GPU instance %d is gone" % identifier)


def _handle_at(nvml: Nvml, gpu: Gpu, profile: Profile, place: Placement) -> int:
    """Return the instance at a place: identifiers change when an instance is made again, places do not."""
    for each in nvml.gpu_instances(gpu.handle, _identifier(nvml, gpu, profile.name)):
        if (each.start, each.size) == (place.start, place.size):
            return each.handle
    raise MigError("no %s lies at %s" % (profile.name, place))
