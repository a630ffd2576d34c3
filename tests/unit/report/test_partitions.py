"""MIG geometries in words."""

import pytest

from provision.model.plan import GpuChange
from provision.plugins.module_utils.mig.gpu import Geometry, PlacedInstance
from provision.report.partitions import lines, words


def placed(*texts: str) -> tuple[PlacedInstance, ...]:
    return tuple(PlacedInstance(*text.split(" ", 1)) for text in texts)


def on(*texts: str) -> Geometry:
    return Geometry(enabled=True, instances=placed(*texts))


@pytest.mark.parametrize(
    ("geometry", "text"),
    [
        (Geometry(enabled=False), "off"),
        (on(), "on, no instances"),
        (on("0:4 3g.40gb", "4:4 3g.40gb"), "2x 3g.40gb"),
        (on("0:1 1g.5gb", "4:4 3g.20gb (1c+1c)"), "3g.20gb (1c+1c) + 1g.5gb"),
    ],
)
def test_a_geometry_is_told_without_its_places(geometry: Geometry, text: str) -> None:
    assert words(geometry) == text


def test_what_stays_is_told_only_where_something_goes() -> None:
    before, after = on("0:4 3g.40gb"), on("0:4 3g.40gb", "4:4 3g.40gb")
    grown = GpuChange("0000:07:00.0", None, before, after, stays=placed("0:4 3g.40gb"))
    assert lines(grown) == ["GPU 0000:07:00.0: MIG 3g.40gb -> 2x 3g.40gb"]
    cut = GpuChange(
        "0000:07:00.0", None, after, before, stays=placed("0:4 3g.40gb"), goes=placed("4:4 3g.40gb")
    )
    assert lines(cut)[1] == "  stays 3g.40gb at 0:4; goes 3g.40gb at 4:4"
