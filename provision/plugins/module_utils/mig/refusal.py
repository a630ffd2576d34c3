"""What stands in the way of a change of MIG geometry, told before anything is touched.

Everything here is pure. Hosts and the control machine run it.
"""

from __future__ import annotations

from typing import Container, List, NamedTuple, Optional, Sequence, Tuple

from ..host.refusal import RefusedError
from .gpu import GpuInstance, MigGpu, User
from .plan import GpuPlan

_UNNAMED_HINT = "name these GPUs in `nvidia_mig_layout`, or set `nvidia_mig_allow_destroy: true`"


class MigRefusedError(RefusedError):
    """The MIG geometry stays as it is."""


class Obstacle(NamedTuple):
    """What speaks against a reboot: what to do before it, and the GPUs whose MIG devices it would destroy."""

    hint: str
    loses: Sequence[MigGpu] = ()


class Consent(NamedTuple):
    """What the change may disturb: idle instances, GPUs that a change of mode resets, the whole host."""

    destroy: bool
    reset: bool
    reboot: bool


def needs_reboot(plan: GpuPlan) -> bool:
    """Tell whether it is known beforehand that MIG mode of the GPU changes with a reboot only."""
    if not (plan.switches_mode and plan.gpu.needs_reset):
        return False
    return not plan.gpu.resettable or bool(plan.gpu.holders)


def lost(gpus: Sequence[MigGpu], restored: Container[str]) -> List[MigGpu]:
    """Return the GPUs whose MIG devices nobody makes again once the host or its driver was started anew.

    `restored` are the PCI addresses of the GPUs that are partitioned then.
    """
    return [
        gpu
        for gpu in gpus
        if gpu.pci not in restored and any(instance.compute_slices for instance in gpu.instances)
    ]


def unnamed(gpus: Sequence[MigGpu], plans: Sequence[GpuPlan]) -> List[MigGpu]:
    """Return the GPUs with MIG devices that no plan concerns: a reboot would take these along."""
    return lost(gpus, [plan.gpu.pci for plan in plans])


def refuse(plans: Sequence[GpuPlan], gpus: Sequence[MigGpu], consent: Consent) -> None:
    """Raise MigRefusedError for the first thing that stands in the way of any of the plans.

    `gpus` are all that the host has.
    """
    for plan in plans:
        for instance in plan.change.destroy:
            _refuse_busy(plan, instance)
    for plan in plans:
        if plan.switches_mode:
            _refuse_working(plan)
    for plan in plans:
        for instance in plan.change.destroy:
            # An instance without compute instances is nobody's: it has no device and no UUID.
            if instance.compute_slices and not consent.destroy:
                raise MigRefusedError(
                    "%s would be destroyed, and with it the UUIDs of its MIG devices" % _told(plan, instance),
                    "nobody uses it now: set `nvidia_mig_allow_destroy: true`",
                )
        if needs_reboot(plan):
            _refuse_reboot(plan, consent, against_reboot(plans, gpus, consent))
        elif plan.switches_mode and plan.gpu.needs_reset and not consent.reset:
            raise MigRefusedError(
                "switching MIG mode %s resets GPU %s" % (_word(plan), plan.gpu.pci),
                "nobody works on it now: set `nvidia_mig_allow_reset: true`",
            )


def refuse_loss(gpus: Sequence[MigGpu], cause: str) -> None:
    """Raise MigRefusedError where there are GPUs, as `lost` finds them, whose MIG devices `cause` would destroy."""
    if gpus:
        raise MigRefusedError("%s %s" % (cause, _loss(gpus)), _UNNAMED_HINT)


def against_reboot(plans: Sequence[GpuPlan], gpus: Sequence[MigGpu], consent: Consent) -> Optional[Obstacle]:
    """Return what keeps the host from being rebooted; None where nothing does. `gpus` are all that it has."""
    working = sorted({worker for gpu in gpus for worker in gpu.workers})
    if working:
        return Obstacle("end what works on this host's GPUs: %s" % ", ".join(working))
    if not consent.reboot:
        return Obstacle("nobody works on the GPUs now: set `nvidia_mig_allow_reboot: true`")
    others = unnamed(gpus, plans)
    return Obstacle(_UNNAMED_HINT, others) if others and not consent.destroy else None


def _refuse_busy(plan: GpuPlan, instance: GpuInstance) -> None:
    if instance.workers:
        raise MigRefusedError(
            "%s is in use by %s" % (_told(plan, instance), ", ".join(instance.workers)),
            "end what runs on it, or choose a layout that keeps it",
        )


def _refuse_working(plan: GpuPlan) -> None:
    if plan.gpu.workers:
        raise MigRefusedError(
            "MIG mode of GPU %s cannot be switched %s: %s uses it"
            % (plan.gpu.pci, _word(plan), ", ".join(plan.gpu.workers)),
            "end what runs on it",
        )


def _refuse_reboot(plan: GpuPlan, consent: Consent, obstacle: Optional[Obstacle]) -> None:
    reason = (
        "%s holds it" % ", ".join(plan.gpu.holders) if plan.gpu.resettable else "the kernel cannot reset it"
    )
    message = "MIG mode of GPU %s can be switched %s by a reboot only: %s" % (
        plan.gpu.pci,
        _word(plan),
        reason,
    )
    if not consent.reboot:
        end = "end that, or " if plan.gpu.resettable else ""
        raise MigRefusedError(message, "%sset `nvidia_mig_allow_reboot: true`" % end)
    if obstacle is not None:
        loss = "; that would %s" % _loss(obstacle.loses) if obstacle.loses else ""
        raise MigRefusedError(message + loss, obstacle.hint)


def _loss(gpus: Sequence[MigGpu]) -> str:
    told = ", ".join("GPU %s (%s)" % (gpu.pci, _profiles(gpu)) for gpu in gpus)
    return "destroy the MIG devices of %s, which no layout names" % told


def _word(plan: GpuPlan) -> str:
    return "on" if plan.target.enabled else "off"


def clients(gpu: MigGpu) -> Tuple[User, ...]:
    """Return who must let go for a change of mode: everybody where it is a reset, else those who compute."""
    return tuple(user for user in gpu.users if gpu.needs_reset or user.computes)


def _profiles(gpu: MigGpu) -> str:
    return ", ".join(each.profile for each in sorted(gpu.instances, key=lambda each: each.placement))


def _told(plan: GpuPlan, instance: GpuInstance) -> str:
    return "MIG instance %d (%s) of GPU %s" % (instance.identifier, instance.profile, plan.gpu.pci)
