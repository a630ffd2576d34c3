"""The MIG state of a host's GPUs, read through libnvidia-ml, and changed all or nothing per GPU.

The decision what to change is mig.plan's; here it is carried out, undone when a step fails, and read back in the end.
"""

from __future__ import annotations

from collections import Counter
from typing import Callable, Dict, List, Tuple

from ..gpus.nvml import IN_USE, NOT_SUPPORTED, RESET_REQUIRED, SUCCESS, GpuInstanceInfo, Nvml, NvmlError
from .gpu import GpuInstance, GpuInstanceSpec, MigGpu
from .plan import GpuPlan
from .profiles import Placement, Profile, known

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


def read_gpus(nvml: Nvml) -> List[MigGpu]:
    """Return the GPUs, without their users. Raises NvmlError."""
    return [_read_gpu(nvml, handle) for handle in nvml.devices()]


def reconfigure(nvml: Nvml, plan: GpuPlan, reset: Reset, leave_pending: bool = False) -> bool:
    """Bring one GPU to its target, or back to what it was. Raises MigError, after undoing what it did.

    Return whether it is there: with `leave_pending`, a MIG mode that waits for a reboot is left to it.
    """
    gpu, undo = plan.gpu, Undo()
    try:
        for instance in plan.change.destroy:
            _destroy(nvml, gpu, instance, undo)
        if plan.switches_mode:
            undo.add("switching MIG mode back", lambda: _switch(nvml, gpu, gpu.enabled, reset))
            _switch(nvml, gpu, plan.target.enabled, reset)
        for spec, placement in plan.change.create:
            _create(nvml, gpu, spec, placement, undo)
        _check(nvml, plan)
    except PendingError as error:
        if leave_pending:
            return False
        raise PendingError("GPU %s: %s; %s" % (gpu.pci, error, undo.run())) from error
    except (NvmlError, MigError) as error:
        raise MigError("GPU %s: %s; %s" % (gpu.pci, error, undo.run())) from error
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


def _destroy(nvml: Nvml, gpu: MigGpu, instance: GpuInstance, undo: Undo) -> None:
    handle = _handle(nvml, gpu, instance.identifier)
    profile = gpu.profiles[instance.profile]
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


def _switch(nvml: Nvml, gpu: MigGpu, enabled: bool, reset: Reset) -> None:
    """Switch MIG mode, and reset the GPU where the switch only waits for that. Raises PendingError."""
    status = nvml.set_mig_mode(_handle_of(nvml, gpu), enabled)
    if status == SUCCESS and nvml.mig_mode(_handle_of(nvml, gpu)) == (enabled, enabled):
        return
    reasons = [_PENDING.get(status, "NVML status %d" % status)]
    if gpu.needs_reset and gpu.resettable:
        reasons.append(reset(gpu.uuid))
    if nvml.mig_mode(_handle_of(nvml, gpu)) == (enabled, enabled):
        return
    word = "enabled" if enabled else "disabled"
    text = "MIG mode is only pending, not %s: %s" % (word, "; ".join(filter(None, reasons)))
    raise PendingError(text) if gpu.needs_reset else MigError(text)


def _create(nvml: Nvml, gpu: MigGpu, spec: GpuInstanceSpec, placement: Placement, undo: Undo) -> None:
    profile = gpu.profiles[spec.profile]
    _create_gpu_instance(nvml, gpu, profile, placement)
    undo.add(
        "destroying a new %s" % spec.profile,
        lambda: nvml.destroy_gpu_instance(_handle_at(nvml, gpu, profile, placement)),
    )

    def empty() -> None:
        for compute in reversed(nvml.compute_instances(_handle_at(nvml, gpu, profile, placement))):
            nvml.destroy_compute_instance(compute.handle)

    undo.add("emptying a new %s" % spec.profile, empty)
    handle = _handle_at(nvml, gpu, profile, placement)
    for slices in spec.compute_slices:
        nvml.create_compute_instance(handle, slices)


def _create_gpu_instance(nvml: Nvml, gpu: MigGpu, profile: Profile, placement: Placement) -> None:
    nvml.create_gpu_instance(
        _handle_of(nvml, gpu), _identifier(nvml, gpu, profile.name), placement.start, placement.size
    )


def _check(nvml: Nvml, plan: GpuPlan) -> None:
    """Read back: "pending", a quiet failure or a second hand on the GPU must not pass for success."""
    now = _read_gpu(nvml, _handle_of(nvml, plan.gpu))
    if now.enabled != plan.target.enabled or now.pending != plan.target.enabled:
        raise MigError("MIG mode is %s after the change" % ("enabled" if now.enabled else "disabled"))
    found = Counter(each.spec for each in now.instances)
    if found != Counter(plan.target.instances):
        raise MigError("after the change it has %s" % ", ".join(now.geometry.lines()))


def _read_gpu(nvml: Nvml, handle: int) -> MigGpu:
    mode = nvml.mig_mode(handle)
    pci = nvml.pci(handle)
    profiles: Dict[str, Profile] = {}
    instances: List[GpuInstance] = []
    for offered in nvml.gpu_instance_profiles(handle) if mode is not None else []:
        placements = tuple(Placement(*each) for each in sorted(nvml.placements(handle, offered.identifier)))
        profiles[offered.name] = Profile(
            offered.name, offered.slices, offered.limit, placements, offered.engines
        )
        if mode is not None and mode[0]:
            for found in nvml.gpu_instances(handle, offered.identifier):
                instances.append(_instance(nvml, offered.name, found))
    if mode is not None and not profiles:
        # Drivers before branch 550 tell of profiles only while MIG mode is on.
        profiles = dict(known(pci.device) or {})
    enabled, pending = mode or (False, False)
    return MigGpu(
        uuid=nvml.uuid(handle),
        pci=pci.address,
        device=pci.device,
        subsystem=pci.subsystem,
        capable=mode is not None,
        profiles=profiles,
        name=nvml.name(handle),
        enabled=enabled,
        pending=pending,
        needs_reset=nvml.compute_capability(handle) < _NO_RESET_SINCE,
        instances=tuple(instances),
    )


def _instance(nvml: Nvml, profile: str, found: GpuInstanceInfo) -> GpuInstance:
    slices = sorted((each.slices for each in nvml.compute_instances(found.handle)), reverse=True)
    return GpuInstance(found.identifier, profile, Placement(found.start, found.size), tuple(slices))


def _handle_of(nvml: Nvml, gpu: MigGpu) -> int:
    """Return the library's handle, asked for anew: none outlives a reset."""
    return nvml.device(gpu.uuid)


def _identifier(nvml: Nvml, gpu: MigGpu, name: str) -> int:
    """Return NVML's number of a profile on this GPU: the same number means another size elsewhere."""
    for each in nvml.gpu_instance_profiles(_handle_of(nvml, gpu)):
        if each.name == name:
            return each.identifier
    raise MigError("the driver offers no profile `%s`" % name)


def _existing(nvml: Nvml, gpu: MigGpu) -> List[GpuInstanceInfo]:
    device = _handle_of(nvml, gpu)
    return [
        found
        for offered in nvml.gpu_instance_profiles(device)
        for found in nvml.gpu_instances(device, offered.identifier)
    ]


def _handle(nvml: Nvml, gpu: MigGpu, identifier: int) -> int:
    for each in _existing(nvml, gpu):
        if each.identifier == identifier:
            return each.handle
    raise MigError("GPU instance %d is gone" % identifier)


def _handle_at(nvml: Nvml, gpu: MigGpu, profile: Profile, placement: Placement) -> int:
    """Return the instance at a placement: identifiers change when an instance is made again, placements do not."""
    for each in nvml.gpu_instances(_handle_of(nvml, gpu), _identifier(nvml, gpu, profile.name)):
        if (each.start, each.size) == (placement.start, placement.size):
            return each.handle
    raise MigError("no %s lies at %s" % (profile.name, placement))
