"""MIG geometries in words."""

import pytest

from provision.model.plan import GpuChange
from provision.report.partitions import lines, words


@pytest.mark.parametrize(
    ("geometry", "text"),
    [
        (("MIG disabled",), "MIG off"),
        (("MIG enabled",), "MIG on, no instances"),
        (("MIG enabled", "0:4 3g.40gb", "4:4 3g.40gb"), "MIG 2x 3g.40gb"),
    ],
)
def test_a_geometry_is_told_without_its_places(geometry: tuple[str, ...], text: str) -> None:
    assert words(geometry) == text


def test_what_stays_is_told_only_where_something_goes() -> None:
    before, after = ("MIG enabled", "0:4 3g.40gb"), ("MIG enabled", "0:4 3g.40gb", "4:4 3g.40gb")
    grown = GpuChange("0000:07:00.0", None, before, after, stays=("0:4 3g.40gb",))
    assert lines(grown) == ["GPU 0000:07:00.0: MIG 3g.40gb -> 2x 3g.40gb"]
    cut = GpuChange("0000:07:00.0", None, after, before, stays=("0:4 3g.40gb",), goes=("4:4 3g.40gb",))
    assert lines(cut)[1] == "  stays 3g.40gb at 0:4; goes 3g.40gb at 4:4"
