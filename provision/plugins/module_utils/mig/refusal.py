"""What stands in the way of a change of MIG geometry, told before anything is touched.

Everything here is pure. Python 3.8, standard library only; hosts and the control machine run it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Container, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..host.refusal import RefusedError
from .placement import Instance
from .plan import Gpu, Step

_UNNAMED_HINT = "name these GPUs in `nvidia_mig_layout`, or set `nvidia_mig_allow_destroy: true`"


class User(NamedTuple):
    """One user. `unit` is set where it is a service that this project may stop and start again."""

    text: str
    unit: str = ""


@dataclass(frozen=True)
class Usage:
    """Users by GPU instance, (GPU UUID, id), and by GPU UUID.

    `computing` are those of the users of a GPU that compute on it; the others only hold its device file.
    """

    instances: Mapping[Tuple[str, int], Tuple[User, ...]]
    gpus: Mapping[str, Tuple[User, ...]]
    computing: Mapping[str, Tuple[User, ...]]


class MigRefusedError(RefusedError):
    """The MIG geometry stays as it is."""


class Obstacle(NamedTuple):
    """What speaks against a reboot: what to do before it, and the GPUs whose MIG devices it would destroy."""

    hint: str
    loses: Sequence[Gpu] = ()


class Consent(NamedTuple):
    """What the change may disturb: idle instances, GPUs that a change of mode resets, the whole host."""

    destroy: bool
    reset: bool
    reboot: bool


def needs_reboot(step: Step, usage: Usage) -> bool:
    """Tell whether it is known beforehand that MIG mode of the GPU changes with a reboot only."""
    if not (step.switches_mode and step.gpu.resets):
        return False
    return not step.gpu.resettable or any(not user.unit for user in usage.gpus.get(step.gpu.board.uuid, ()))


def lost(gpus: Sequence[Gpu], restored: Container[str]) -> List[Gpu]:
    """Return the GPUs whose MIG devices nobody makes again once the host or its driver was started anew.

    `restored` are the PCI addresses of the GPUs that are partitioned then.
    """
    return [
        gpu
        for gpu in gpus
        if gpu.board.pci not in restored and any(instance.compute for instance in gpu.instances)
    ]


def unnamed(gpus: Sequence[Gpu], steps: Sequence[Step]) -> List[Gpu]:
    """Return the GPUs with MIG devices that no step concerns: a reboot would take these along."""
    return lost(gpus, [step.gpu.board.pci for step in steps])


def refuse(steps: Sequence[Step], usage: Usage, consent: Consent, others: Sequence[Gpu] = ()) -> None:
    """Raise MigRefusedError for the first thing that stands in the way of any of the steps.

    `others` are the `unnamed` GPUs.
    """
    for step in steps:
        for instance in step.change.destroy:
            _refuse_busy(step, instance)
    for step in steps:
        if step.switches_mode:
            _refuse_working(step, usage)
    for step in steps:
        for instance in step.change.destroy:
            # An instance without compute instances is nobody's: it has no device and no UUID.
            if instance.compute and not consent.destroy:
                raise MigRefusedError(
                    "%s would be destroyed, and with it the UUIDs of its MIG devices" % _told(step, instance),
                    "nobody uses it now: set `nvidia_mig_allow_destroy: true`",
                )
        if needs_reboot(step, usage):
            _refuse_reboot(step, usage, consent, others)
        elif step.switches_mode and step.gpu.resets and not consent.reset:
            raise MigRefusedError(
                "switching MIG mode %s resets GPU %s" % (_word(step), step.gpu.board.pci),
                "nobody works on it now: set `nvidia_mig_allow_reset: true`",
            )


def refuse_loss(gpus: Sequence[Gpu], cause: str) -> None:
    """Raise MigRefusedError where there are GPUs, as `lost` finds them, whose MIG devices `cause` would destroy."""
    if gpus:
        raise MigRefusedError("%s %s" % (cause, _loss(gpus)), _UNNAMED_HINT)


def against_reboot(usage: Usage, consent: Consent, others: Sequence[Gpu]) -> Optional[Obstacle]:
    """Return what keeps the host from being rebooted; None where nothing does."""
    working = _working(usage)
    if working:
        return Obstacle("end what works on this host's GPUs: %s" % working)
    if not consent.reboot:
        return Obstacle("nobody works on the GPUs now: set `nvidia_mig_allow_reboot: true`")
    return Obstacle(_UNNAMED_HINT, others) if others and not consent.destroy else None


def _refuse_busy(step: Step, instance: Instance) -> None:
    if instance.users:
        raise MigRefusedError(
            "%s is in use by %s" % (_told(step, instance), ", ".join(instance.users)),
            "end what runs on it, or choose a layout that keeps it",
        )


def _refuse_working(step: Step, usage: Usage) -> None:
    working = [user.text for user in usage.computing.get(step.gpu.board.uuid, ()) if not user.unit]
    if working:
        raise MigRefusedError(
            "MIG mode of GPU %s cannot be switched %s: %s uses it"
            % (step.gpu.board.pci, _word(step), ", ".join(working)),
            "end what runs on it",
        )


def _refuse_reboot(step: Step, usage: Usage, consent: Consent, others: Sequence[Gpu]) -> None:
    holders = [user.text for user in usage.gpus.get(step.gpu.board.uuid, ()) if not user.unit]
    reason = "%s holds it" % ", ".join(holders) if step.gpu.resettable else "the kernel cannot reset it"
    message = "MIG mode of GPU %s can be switched %s by a reboot only: %s" % (
        step.gpu.board.pci,
        _word(step),
        reason,
    )
    if not consent.reboot:
        end = "end that, or " if step.gpu.resettable else ""
        raise MigRefusedError(message, "%sset `nvidia_mig_allow_reboot: true`" % end)
    obstacle = against_reboot(usage, consent, others)
    if obstacle is not None:
        loss = "; that would %s" % _loss(obstacle.loses) if obstacle.loses else ""
        raise MigRefusedError(message + loss, obstacle.hint)


def _working(usage: Usage) -> str:
    """Return who works on a GPU of this host, and would be ended by a reboot; empty where nobody does."""
    working = {user.text for users in usage.computing.values() for user in users if not user.unit}
    return ", ".join(sorted(working))


def _loss(gpus: Sequence[Gpu]) -> str:
    told = ", ".join("GPU %s (%s)" % (gpu.board.pci, _profiles(gpu)) for gpu in gpus)
    return "destroy the MIG devices of %s, which no layout names" % told


def _word(step: Step) -> str:
    return "on" if step.target.enabled else "off"


def clients(gpu: Gpu, usage: Usage) -> Tuple[User, ...]:
    """Return who must let go for a change of mode: everybody where it is a reset, else those who compute."""
    found = usage.gpus if gpu.resets else usage.computing
    return found.get(gpu.board.uuid, ())


def _profiles(gpu: Gpu) -> str:
    return ", ".join(each.profile for each in sorted(gpu.instances, key=lambda each: each.placement))


def _told(step: Step, instance: Instance) -> str:
    return "MIG instance %d (%s) of GPU %s" % (instance.identifier, instance.profile, step.gpu.board.pci)
