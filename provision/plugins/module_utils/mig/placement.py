"""Where MIG instances can go on one GPU, and the gentlest way from one layout to another.

A GPU that is in MIG mode is a row of memory slices (eight on A100 and its successors, four on A30, twelve
on RTX PRO 6000). Instances of a profile may start at certain slices only; the driver tells which
(nvmlDeviceGetGpuInstancePossiblePlacements). Engines (decoders, encoders, JPEG, OFA) are shared out as
well: all instances together cannot have more than the profile that takes the whole GPU.

Everything here is pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from .gpu import GpuInstance, GpuInstanceSpec
from .profiles import Placement, Profile


@dataclass(frozen=True)
class GeometryChange:
    """What to keep, what to destroy, and what to create where, in that order."""

    keep: Tuple[GpuInstance, ...]
    destroy: Tuple[GpuInstance, ...]
    create: Tuple[Tuple[GpuInstanceSpec, Placement], ...]

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing has to be done."""
        return not self.destroy and not self.create


class NoPlacementError(Exception):
    """The wanted instances do not exist on this GPU, or do not fit on it together."""


def plan_change(
    profiles: Mapping[str, Profile], current: Sequence[GpuInstance], wanted: Sequence[GpuInstanceSpec]
) -> GeometryChange:
    """Find the change from `current` to `wanted` that destroys least, instances in use least of all.

    Raises NoPlacementError when a profile is not offered or no placement exists at all; it never raises
    because of what exists now, since everything that exists can be destroyed.
    """
    _check_offered(profiles, wanted)
    for keep in _keepable(current, wanted):
        missing = _without(wanted, keep)
        taken = 0
        for instance in keep:
            taken |= instance.placement.mask
        found = _place(profiles, missing, taken)
        if found is not None:
            _check_engines(profiles, wanted)
            destroy = tuple(instance for instance in current if instance not in keep)
            return GeometryChange(keep, destroy, tuple(found))
    raise NoPlacementError(f"{describe(wanted)} do not fit on this GPU together")


def restore(
    profiles: Mapping[str, Profile], wanted: Sequence[GpuInstanceSpec], placements: Sequence[Placement]
) -> Optional[GeometryChange]:
    """Return the change that puts the instances of an empty GPU where they were; None where they cannot be."""
    taken = 0
    for item, placement in zip(wanted, placements):
        if item.profile not in profiles or placement not in profiles[item.profile].placements:
            return None
        if taken & placement.mask:
            return None
        taken |= placement.mask
    return GeometryChange((), (), tuple(zip(wanted, placements))) if len(wanted) == len(placements) else None


def creation_order(profiles: Mapping[str, Profile], instances: Sequence[GpuInstance]) -> List[GpuInstance]:
    """Return instances in the order in which this planner would have created them on an empty GPU."""
    return sorted(
        instances,
        key=lambda each: (_span(profiles[each.profile]), each.compute_slices, each.profile, each.placement),
        reverse=True,
    )


def describe(wanted: Sequence[GpuInstanceSpec]) -> str:
    """Write a multiset of instances as people do: `2x 1g.5gb + 1x 3g.20gb`."""
    counts: Dict[str, int] = {}
    for item in wanted:
        counts[item.profile] = counts.get(item.profile, 0) + 1
    return " + ".join(f"{count}x {name}" for name, count in counts.items()) or "no instances"


def _check_offered(profiles: Mapping[str, Profile], wanted: Sequence[GpuInstanceSpec]) -> None:
    for item in wanted:
        if item.profile not in profiles:
            offered = ", ".join(sorted(profiles))
            raise NoPlacementError(
                f"profile `{item.profile}` does not exist on this GPU, which has {offered}"
            )
        profile = profiles[item.profile]
        if sum(item.compute_slices) > profile.slices:
            raise NoPlacementError(
                f"compute instances of {sum(item.compute_slices)} slices do not fit into `{item.profile}`"
            )
    for name in {item.profile for item in wanted}:
        count = sum(item.profile == name for item in wanted)
        if count > profiles[name].limit:
            raise NoPlacementError(
                f"{count} instances of `{name}` were asked for, the GPU holds {profiles[name].limit}"
            )


def _check_engines(profiles: Mapping[str, Profile], wanted: Sequence[GpuInstanceSpec]) -> None:
    """Compare with the profile that takes the whole GPU, which has all engines."""
    full = max(profiles.values(), key=lambda profile: profile.slices)
    for engine, total in enumerate(full.engines):
        if sum(profiles[item.profile].engines[engine] for item in wanted) > total:
            raise NoPlacementError(f"{describe(wanted)} need more engines than this GPU has")


def _keepable(
    current: Sequence[GpuInstance], wanted: Sequence[GpuInstanceSpec]
) -> Iterator[Tuple[GpuInstance, ...]]:
    """Yield the sets of instances that could stay, the best one first: most in use, then most of all."""
    candidates = [instance for instance in current if instance.spec in wanted]
    subsets: List[Tuple[GpuInstance, ...]] = []
    for size in range(len(candidates) + 1):
        for subset in combinations(candidates, size):
            if _without(wanted, subset) is not None and _disjoint(subset):
                subsets.append(subset)
    yield from sorted(
        subsets, key=lambda subset: (-sum(bool(instance.workers) for instance in subset), -len(subset))
    )


def _disjoint(instances: Sequence[GpuInstance]) -> bool:
    taken = 0
    for instance in instances:
        if taken & instance.placement.mask:
            return False
        taken |= instance.placement.mask
    return True


def _without(
    wanted: Sequence[GpuInstanceSpec], kept: Sequence[GpuInstance]
) -> Optional[List[GpuInstanceSpec]]:
    """Return what is still missing when `kept` stay; None when more are kept than wanted."""
    missing = list(wanted)
    for instance in kept:
        match = next((item for item in missing if instance.spec == item), None)
        if match is None:
            return None
        missing.remove(match)
    return missing


def _place(
    profiles: Mapping[str, Profile], missing: Optional[Sequence[GpuInstanceSpec]], taken: int
) -> Optional[List[Tuple[GpuInstanceSpec, Placement]]]:
    """Find a place for each, largest first and as high as possible, as the driver itself packs."""
    if not missing:
        return []
    largest = max(
        missing, key=lambda item: (_span(profiles[item.profile]), item.compute_slices, item.profile)
    )
    rest = list(missing)
    rest.remove(largest)
    for placement in sorted(profiles[largest.profile].placements, reverse=True):
        if taken & placement.mask:
            continue
        found = _place(profiles, rest, taken | placement.mask)
        if found is not None:
            return [(largest, placement), *found]
    return None


def _span(profile: Profile) -> int:
    return max((placement.size for placement in profile.placements), default=0)
