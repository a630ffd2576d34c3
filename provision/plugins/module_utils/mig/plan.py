"""What has to happen to each GPU to become its target.

Everything here is pure. Hosts and the control machine run it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import List, Mapping, Sequence

from .gpu import GpuInstance, MigGpu, Target
from .placement import GeometryChange, NoPlacementError, plan_change, restore


@dataclass(frozen=True)
class GpuPlan:
    """What has to happen to one GPU to become its target."""

    gpu: MigGpu
    target: Target
    change: GeometryChange

    @property
    def switches_mode(self) -> bool:
        """Tell whether MIG mode itself changes."""
        return self.gpu.enabled != self.target.enabled or self.gpu.pending != self.target.enabled

    @property
    def is_empty(self) -> bool:
        """Tell whether the GPU is its target already."""
        return not self.switches_mode and self.change.is_empty

    def result(self) -> MigGpu:
        """Return the GPU as it will be; numbers of instances to come are not known."""
        created = tuple(
            GpuInstance(-1, spec.profile, placement, spec.compute_slices)
            for spec, placement in self.change.create
        )
        enabled = self.target.enabled
        return replace(self.gpu, enabled=enabled, pending=enabled, instances=self.change.keep + created)


def plan_gpus(gpus: Sequence[MigGpu], targets: Mapping[str, Target]) -> List[GpuPlan]:
    """Return a plan for each GPU that has a target. Raises NoPlacementError."""
    return [_plan_gpu(gpu, targets[gpu.uuid]) for gpu in gpus if gpu.uuid in targets]


def summary(plan: GpuPlan) -> Mapping[str, object]:
    """Return what a plan does, for people and programs."""
    return {
        "pci": plan.gpu.pci,
        "uuid": plan.gpu.uuid,
        "before": plan.gpu.geometry.lines(),
        "after": plan.result().geometry.lines(),
        "kept": len(plan.change.keep),
        "destroyed": len(plan.change.destroy),
        "created": len(plan.change.create),
    }


def _plan_gpu(gpu: MigGpu, target: Target) -> GpuPlan:
    if not target.enabled:
        return GpuPlan(gpu, target, GeometryChange((), gpu.instances, ()))
    try:
        if not gpu.instances:
            again = restore(gpu.profiles, target.instances, target.placements)
            if again is not None and target.placements:
                return GpuPlan(gpu, target, again)
        return GpuPlan(gpu, target, plan_change(gpu.profiles, gpu.instances, target.instances))
    except NoPlacementError as error:
        raise NoPlacementError("GPU %s: %s" % (gpu.pci, error)) from error
