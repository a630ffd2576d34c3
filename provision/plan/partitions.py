"""What a MIG layout would do to each GPU of a host, and what speaks against it.

Decided by the code that the role runs on the host, on what the probe saw there. Pure.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import yaml

from provision.model.desired import HIDDEN, Desired
from provision.model.fleet import Host
from provision.model.plan import Disruption, GpuChange, RolePlan
from provision.plugins.module_utils.mig.gpu import MigGpu, Target
from provision.plugins.module_utils.mig.layout import LayoutError, parse, resolve
from provision.plugins.module_utils.mig.placement import GeometryChange, NoPlacementError
from provision.plugins.module_utils.mig.plan import GpuPlan, plan_gpus
from provision.plugins.module_utils.mig.refusal import (
    Consent,
    MigRefusedError,
    clients,
    needs_reboot,
    refuse,
    unnamed,
)
from provision.plugins.module_utils.mig.snapshot import Snapshot


class _UnreadableError(Exception):
    """The mig-parted file is not there, or cannot be read."""


def with_partitions(role: RolePlan, host: Host, snapshot: Snapshot | None) -> RolePlan:
    """Return the plan of nvidia_mig with what becomes of each GPU, as far as that can be told from here."""
    if snapshot is None or snapshot.unknown or _is_hidden(host.desired):
        return role
    try:
        targets = _targets(host, snapshot)
        if targets is None:
            return role
        plans = plan_gpus(snapshot.gpus, snapshot.record.remember(targets))
    except (LayoutError, NoPlacementError) as error:
        return replace(role, refusal=str(error), hint="correct `nvidia_mig_layout`")
    except (_UnreadableError, yaml.YAMLError):
        return role  # the role says it better
    others = unnamed(snapshot.gpus, plans)
    rebooted = any(needs_reboot(plan) for plan in plans)
    concerned = [*plans, *(_started_anew(gpu) for gpu in others if rebooted)]
    planned = replace(
        role,
        gpus=tuple(_change(plan, snapshot) for plan in concerned),
        disruption=_disruption(concerned),
        workloads=(),  # who works is in the way: it ends the role, not the work
    )
    # Consent that is only known in the run is not doubted here.
    allowed = (host.desired.flag(f"nvidia_mig_allow_{what}", hidden=True) for what in Consent._fields)
    consent = Consent(*allowed)
    try:
        refuse(plans, snapshot.gpus, consent)
    except MigRefusedError as error:
        return replace(planned, refusal=str(error), hint=error.hint)
    return planned


def restored(host: Host, snapshot: Snapshot) -> set[str]:
    """Return the addresses of the GPUs that are partitioned again once the driver was started anew.

    Those on the host's record, and those that the layout names: all where that cannot be told from here.
    """
    pci = {gpu.uuid: gpu.pci for gpu in snapshot.gpus}
    try:
        targets = pci if _is_hidden(host.desired) else _targets(host, snapshot) or {}
    except (LayoutError, _UnreadableError, yaml.YAMLError):
        targets = pci
    return {*snapshot.record.by_address, *(pci[uuid] for uuid in targets)}


def _targets(host: Host, snapshot: Snapshot) -> Mapping[str, Target] | None:
    """Return what each GPU that the layout names should become, by UUID; None where there is no layout.

    Raises LayoutError, and _UnreadableError or yaml.YAMLError for a file.
    """
    layout = parse(host.desired.get("nvidia_mig_layout"))
    if layout is None:
        return None
    file = host.desired.text("nvidia_mig_config_file")
    return resolve(layout, snapshot.gpus, _configurations(host, file) if file else None)


def _is_hidden(desired: Desired) -> bool:
    """Tell whether the layout is known on the host only."""
    return HIDDEN in (desired.get("nvidia_mig_layout"), desired.get("nvidia_mig_config_file"))


def _configurations(host: Host, file: str) -> Mapping[str, Any]:
    if file not in host.files:
        raise _UnreadableError
    found = yaml.safe_load(host.files[file])
    return found if isinstance(found, Mapping) else {}


def _started_anew(gpu: MigGpu) -> GpuPlan:
    """Return what a reboot does to a GPU with MIG devices that no layout names."""
    return GpuPlan(gpu, Target(gpu.enabled and gpu.needs_reset, ()), GeometryChange((), gpu.instances, ()))


def _disruption(plans: list[GpuPlan]) -> tuple[Disruption, ...]:
    rebooted = any(needs_reboot(plan) for plan in plans)
    reset = any(plan.switches_mode and plan.gpu.needs_reset and not needs_reboot(plan) for plan in plans)
    destroyed = any(instance.compute_slices for plan in plans for instance in plan.change.destroy)
    every = (Disruption.REBOOT, rebooted), (Disruption.GPU_RESET, reset), (Disruption.MIG_DESTROY, destroyed)
    return tuple(disruption for disruption, needed in every if needed)


def _change(plan: GpuPlan, snapshot: Snapshot) -> GpuChange:
    users = [user for each in plan.change.destroy for user in each.users]
    if plan.switches_mode:
        users += clients(plan.gpu)
    return GpuChange(
        pci=plan.gpu.pci,
        uuid=plan.gpu.uuid if snapshot.driver else None,
        before=plan.gpu.geometry,
        after=plan.result().geometry,
        stays=tuple(instance.placed for instance in plan.change.keep),
        goes=tuple(instance.placed for instance in plan.change.destroy),
        in_the_way=tuple(dict.fromkeys(user.text for user in users if not user.unit)),
        stops=tuple(dict.fromkeys(user.unit for user in users if user.unit)),
    )
