"""What a MIG layout would do to each GPU of a host, and what speaks against it.

Decided by the code that the role runs on the host, on what the probe saw there. Pure, but for the mig-parted
file that a variable may name.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from provision.model.fleet import Host, is_true
from provision.model.plan import Disruption, GpuChange, RolePlan
from provision.plugins.module_utils.mig.layout import LayoutError, Target, parse, resolve
from provision.plugins.module_utils.mig.placement import Change, NoPlacementError
from provision.plugins.module_utils.mig.plan import Gpu, Step, label
from provision.plugins.module_utils.mig.plan import plan as plan_steps
from provision.plugins.module_utils.mig.record import modes, recorded, remember
from provision.plugins.module_utils.mig.refusal import (
    Consent,
    MigRefusedError,
    Usage,
    clients,
    needs_reboot,
    refuse,
    unnamed,
)
from provision.plugins.module_utils.mig.snapshot import Scene
from provision.plugins.module_utils.receipts.inputs import VAULTED, has_template


def with_partitions(role: RolePlan, host: Host, scene: Scene | None) -> RolePlan:
    """Return the plan of nvidia_mig with what becomes of each GPU, as far as that can be told from here."""
    variables = host.variables
    if scene is None or scene.unknown or _is_hidden(variables):
        return role
    try:
        targets = _targets(host, scene)
        if targets is None:
            return role
        steps = plan_steps(scene.gpus, remember(targets, recorded(scene.record)))
    except (LayoutError, NoPlacementError) as error:
        return replace(role, refusal=str(error), hint="correct `nvidia_mig_layout`")
    except (OSError, yaml.YAMLError):
        return role  # the role says it better
    others = unnamed(scene.gpus, steps)
    rebooted = any(needs_reboot(step, scene.usage) for step in steps)
    concerned = [*steps, *(_started_anew(gpu) for gpu in others if rebooted)]
    planned = replace(
        role,
        gpus=tuple(_change(step, scene) for step in concerned),
        disruption=_disruption(concerned, scene.usage),
        workloads=(),  # who works is in the way: it ends the role, not the work
    )
    consent = Consent(*(_allowed(variables, what) for what in Consent._fields))
    try:
        refuse(steps, scene.usage, consent, others)
    except MigRefusedError as error:
        return replace(planned, refusal=str(error), hint=error.hint)
    return planned


def restored(host: Host, scene: Scene) -> set[str]:
    """Return the addresses of the GPUs that are partitioned again once the driver was started anew.

    Those on the host's record, and those that the layout names: all where that cannot be told from here.
    """
    pci = {gpu.board.uuid: gpu.board.pci for gpu in scene.gpus}
    try:
        targets = pci if _is_hidden(host.variables) else _targets(host, scene) or {}
    except (LayoutError, OSError, yaml.YAMLError):
        targets = pci
    return {*modes(scene.record), *(pci[uuid] for uuid in targets)}


def _targets(host: Host, scene: Scene) -> Mapping[str, Target] | None:
    """Return what each GPU that the layout names should become, by UUID; None where there is no layout.

    Raises LayoutError, and OSError or yaml.YAMLError for a file.
    """
    layout = parse(host.variables.get("nvidia_mig_layout"))
    if layout is None:
        return None
    file = str(host.variables.get("nvidia_mig_config_file") or "")
    configurations = _configurations(Path(host.folder, Path(file).expanduser())) if file else None
    return resolve(layout, [gpu.board for gpu in scene.gpus], configurations)


def _is_hidden(variables: Mapping[str, object]) -> bool:
    """Tell whether the layout is known on the host only."""
    values = variables.get("nvidia_mig_layout"), variables.get("nvidia_mig_config_file")
    return any(_is_told_later(value) for value in values)


def _is_told_later(value: object) -> bool:
    return has_template(value) or (isinstance(value, Mapping) and VAULTED in value)


def _configurations(file: Path) -> Mapping[str, Any]:
    found = yaml.safe_load(file.read_text())
    return found if isinstance(found, Mapping) else {}


def _allowed(variables: Mapping[str, object], what: str) -> bool:
    """Tell whether the disruption is consented to; where that is only known on the host, do not doubt it."""
    value = variables.get(f"nvidia_mig_allow_{what}", False)
    return _is_told_later(value) or is_true(value)


def _started_anew(gpu: Gpu) -> Step:
    """Return what a reboot does to a GPU with MIG devices that no layout names."""
    return Step(gpu, Target(gpu.enabled and gpu.resets, ()), Change((), gpu.instances, ()))


def _disruption(steps: list[Step], usage: Usage) -> tuple[Disruption, ...]:
    rebooted = any(needs_reboot(step, usage) for step in steps)
    reset = any(step.switches_mode and step.gpu.resets and not needs_reboot(step, usage) for step in steps)
    destroyed = any(instance.compute for step in steps for instance in step.change.destroy)
    every = (Disruption.REBOOT, rebooted), (Disruption.GPU_RESET, reset), (Disruption.MIG_DESTROY, destroyed)
    return tuple(disruption for disruption, needed in every if needed)


def _change(step: Step, scene: Scene) -> GpuChange:
    uuid, usage = step.gpu.board.uuid, scene.usage
    users = [
        user for each in step.change.destroy for user in usage.instances.get((uuid, each.identifier), ())
    ]
    if step.switches_mode:
        users += clients(step.gpu, usage)
    return GpuChange(
        pci=step.gpu.board.pci,
        uuid=uuid if scene.driver else None,
        before=tuple(step.before()),
        after=tuple(step.after()),
        stays=tuple(map(label, step.change.keep)),
        goes=tuple(map(label, step.change.destroy)),
        in_the_way=tuple(dict.fromkeys(user.text for user in users if not user.unit)),
        stops=tuple(dict.fromkeys(user.unit for user in users if user.unit)),
    )
