"""One GPU and its instances, as people see them."""

from dataclasses import replace

import pytest

from provision.plugins.module_utils.mig.gpu import Geometry, GpuInstance, PlacedInstance
from provision.plugins.module_utils.mig.profiles import Placement
from tests.unit.plugins.module_utils.mig.gpus import GPUS

GPU = replace(
    GPUS["a100-sxm4-40gb"],
    enabled=True,
    instances=(
        GpuInstance(1, "3g.20gb", Placement(4, 4), (1, 1)),
        GpuInstance(3, "2g.10gb", Placement(2, 2), (2,)),
    ),
)


def test_a_geometry_is_the_mode_and_the_instances_in_order_of_placements() -> None:
    first, second = PlacedInstance("2:2", "2g.10gb"), PlacedInstance("4:4", "3g.20gb (1c+1c)")
    assert GPU.geometry == Geometry(True, (first, second))
    assert GPU.geometry.lines() == ["MIG enabled", "2:2 2g.10gb", "4:4 3g.20gb (1c+1c)"]
    assert replace(GPU, enabled=False, instances=()).geometry.lines() == ["MIG disabled"]


@pytest.mark.parametrize(
    ("profile", "parts", "told"),
    [("3g.20gb", (3,), "3g.20gb"), ("3g.20gb", (2, 1), "3g.20gb (2c+1c)"), ("1g.5gb", (), "1g.5gb (empty)")],
)
def test_a_profile_tells_how_it_is_divided_where_it_is(
    profile: str, parts: tuple[int, ...], told: str
) -> None:
    assert GpuInstance(1, profile, Placement(0, 4), parts).placed.profile == told
