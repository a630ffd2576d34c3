"""MIG geometries in words."""

from collections import Counter
from collections.abc import Sequence

from provision.model.plan import GpuChange
from provision.plugins.module_utils.mig.summary import describe


def words(geometry: Sequence[str]) -> str:
    """Return a geometry, the mode and an instance each with its place, without the places."""
    mode, *instances = geometry
    if mode == "MIG disabled":
        return "MIG off"
    profiles = [instance.split(" ", 1)[1] for instance in reversed(instances)]
    return f"MIG {describe(Counter(profiles)) or 'on, no instances'}"


def lines(change: GpuChange) -> list[str]:
    """Return what becomes of one GPU: before and after, what stays of it, who is in the way."""
    told = [f"GPU {change.pci}: {words(change.before)} -> {words(change.after).removeprefix('MIG ')}"]
    if change.stays and change.goes:
        told.append(f"  stays {_placed(change.stays)}; goes {_placed(change.goes)}")
    if change.in_the_way:
        told.append(f"  in the way: {', '.join(change.in_the_way)}")
    if change.stops:
        told.append(f"  stopped for it: {', '.join(change.stops)}")
    return told


def _placed(instances: Sequence[str]) -> str:
    parts = (instance.split(" ", 1) for instance in instances)
    return ", ".join(f"{profile} at {place}" for place, profile in parts)
