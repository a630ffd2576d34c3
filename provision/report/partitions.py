"""MIG geometries in words."""

from collections import Counter
from collections.abc import Sequence

from provision.model.plan import GpuChange
from provision.plugins.module_utils.mig.gpu import Geometry, PlacedInstance
from provision.plugins.module_utils.mig.summary import describe


def words(geometry: Geometry) -> str:
    """Return a geometry without its placements: `off`, `3g.20gb + 2x 1g.5gb`."""
    if not geometry.enabled:
        return "off"
    return describe(Counter(each.profile for each in reversed(geometry.instances))) or "on, no instances"


def lines(change: GpuChange) -> list[str]:
    """Return what becomes of one GPU: before and after, what stays of it, who is in the way."""
    told = [f"GPU {change.pci}: MIG {words(change.before)} -> {words(change.after)}"]
    if change.stays and change.goes:
        told.append(f"  stays {_placed(change.stays)}; goes {_placed(change.goes)}")
    if change.in_the_way:
        told.append(f"  in the way: {', '.join(change.in_the_way)}")
    if change.stops:
        told.append(f"  stopped for it: {', '.join(change.stops)}")
    return told


def _placed(instances: Sequence[PlacedInstance]) -> str:
    return ", ".join(f"{each.profile} at {each.placement}" for each in instances)
