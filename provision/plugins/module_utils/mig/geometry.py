"""The MIG state of a host's GPUs, read through libnvidia-ml, and changed all or nothing per GPU.

Runs on hosts: Python 3.8, standard library only. The decision what to change is mig_placement's; here it is
carried out, undone when a step fails, and read back in the end.
"""

from __future__ import annotations

from collections import Counter
from typing import Callable, Dict, List, Mapping, Tuple

from ..gpus.nvml import IN_USE, NOT_SUPPORTED, RESET_REQUIRED, SUCCESS, GpuInstance, Nvml, NvmlError
from .layout import Board
from .placement import Instance, Placement, Profile, Wanted
from .plan import Gpu, Step, geometry
from .profiles import known

# Hopper (compute capability 9.0) and later need no reset (MIG user guide, "Enable MIG Mode").
_NO_RESET_SINCE = (9, 0)
_PENDING = {
    IN_USE: "another client holds the GPU",
    NOT_SUPPORTED: "the GPU cannot be reset here, as under pass-through",
    RESET_REQUIRED: "the GPU needs a reset",
}

Reset = Callable[[str], str]
"""Resets the GPU of that UUID; returns why that was not possible. Handles of the library become invalid."""


class MigError(Exception):
    """A GPU could not be brought to its target; the message says in which state it was left."""


class PendingError(MigError):
    """MIG mode is switched but not in effect, and the reset that it waits for did not happen."""


def read(nvml: Nvml, users: Mapping[Tuple[str, int], Tuple[str, ...]]) -> List[Gpu]:
    """Return the GPUs; `users` names who holds a GPU instance, by (GPU UUID, instance id)."""
    return [_read_gpu(nvml, handle, users) for handle in nvml.devices()]


def carry_out(nvml: Nvml, step: Step, reset: Reset, leave_pending: bool = False) -> bool:
    """Bring one GPU to its target, or back to what it was. Raises MigError, after undoing what it did.

    Return whether it is there: with `leave_pending`, a MIG mode that waits for a reboot is left to it.
    """
    gpu, undo = step.gpu, Undo()
    try:
        for instance in step.change.destroy:
            _destroy(nvml, gpu, instance, undo)
        if step.switches_mode:
            undo.add("switching MIG mode back", lambda: _switch(nvml, gpu, gpu.enabled, reset))
            _switch(nvml, gpu, step.target.enabled, reset)
        for wanted, place in step.change.create:
            _create(nvml, gpu, wanted, place, undo)
        _check(nvml, step)
    except PendingError as error:
        if leave_pending:
            return False
        raise PendingError("GPU %s: %s; %s" % (gpu.board.pci, error, undo.run())) from error
    except (NvmlError, MigError) as error:
        raise MigError("GPU %s: %s; %s" % (gpu.board.pci, error, undo.run())) from error
    except BaseException:
        undo.run()  # told to stop in the middle
        raise
    return True


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


def _switch(nvml: Nvml, gpu: Gpu, enabled: bool, reset: Reset) -> None:
    """Switch MIG mode, and reset the GPU where the switch only waits for that. Raises PendingError."""
    status = nvml.set_mig_mode(_handle_of(nvml, gpu), enabled)
    if status == SUCCESS and nvml.mig_mode(_handle_of(nvml, gpu)) == (enabled, enabled):
        return
    reasons = [_PENDING.get(status, "NVML status %d" % status)]
    if gpu.resets and gpu.resettable:
        reasons.append(reset(gpu.board.uuid))
    if nvml.mig_mode(_handle_of(nvml, gpu)) == (enabled, enabled):
        return
    word = "enabled" if enabled else "disabled"
    text = "MIG mode is only pending, not %s: %s" % (word, "; ".join(filter(None, reasons)))
    raise PendingError(text) if gpu.resets else MigError(text)


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
    nvml.create_gpu_instance(
        _handle_of(nvml, gpu), _identifier(nvml, gpu, profile.name), place.start, place.size
    )


def _check(nvml: Nvml, step: Step) -> None:
    """Read back: "pending", a quiet failure or a second hand on the GPU must not pass for success."""
    now = _read_gpu(nvml, _handle_of(nvml, step.gpu), {})
    if now.enabled != step.target.enabled or now.pending != step.target.enabled:
        raise MigError("MIG mode is %s after the change" % ("enabled" if now.enabled else "disabled"))
    found = Counter(Wanted(each.profile, each.compute) for each in now.instances)
    if found != Counter(step.target.instances):
        raise MigError("after the change it has %s" % ", ".join(geometry(now.enabled, now.instances)))


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
    return Gpu(board, nvml.name(handle), enabled, pending, resets, tuple(instances))


def _instance(nvml: Nvml, profile: str, found: GpuInstance, holders: Tuple[str, ...]) -> Instance:
    slices = sorted((each.slices for each in nvml.compute_instances(found.handle)), reverse=True)
    return Instance(found.identifier, profile, Placement(found.start, found.size), tuple(slices), holders)


def _handle_of(nvml: Nvml, gpu: Gpu) -> int:
    """Return the library's handle, asked for anew: none outlives a reset."""
    return nvml.device(gpu.board.uuid)


def _identifier(nvml: Nvml, gpu: Gpu, name: str) -> int:
    """Return NVML's number of a profile on this GPU: the same number means another size elsewhere."""
    for each in nvml.gpu_instance_profiles(_handle_of(nvml, gpu)):
        if each.name == name:
            return each.identifier
    raise MigError("the driver offers no profile `%s`" % name)


def _existing(nvml: Nvml, gpu: Gpu) -> List[GpuInstance]:
    device = _handle_of(nvml, gpu)
    return [
        found
        for offered in nvml.gpu_instance_profiles(device)
        for found in nvml.gpu_instances(device, offered.identifier)
    ]


def _handle(nvml: Nvml, gpu: Gpu, identifier: int) -> int:
    for each in _existing(nvml, gpu):
        if each.identifier == identifier:
            return each.handle
    raise MigError("GPU instance %d is gone" % identifier)


def _handle_at(nvml: Nvml, gpu: Gpu, profile: Profile, place: Placement) -> int:
    """Return the instance at a place: identifiers change when an instance is made again, places do not."""
    for each in nvml.gpu_instances(_handle_of(nvml, gpu), _identifier(nvml, gpu, profile.name)):
        if (each.start, each.size) == (place.start, place.size):
            return each.handle
    raise MigError("no %s lies at %s" % (profile.name, place))
