"""Partitions of GPUs. What NVML says of them is tested with `mig.summary`."""

import pytest

from provision.plugins.module_utils.host.machine import Machine
from provision.plugins.module_utils.receipts.kinds import mig

ONE = "0000:07:00.0"


def test_without_a_loaded_driver_it_is_not_known(machine: Machine) -> None:
    assert mig.measure(machine, [ONE]) == {ONE: None}


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ("3g.20gb", "off", [f"MIG of GPU {ONE}: 3g.20gb -> off"]),
        ("3g.20gb", None, [f"MIG of GPU {ONE}: 3g.20gb -> unknown"]),
        (None, "off", [f"MIG of GPU {ONE}: unknown -> off"]),
        ("off", "off", []),
    ],
)
def test_a_difference_is_told(before: str | None, now: str | None, told: list[str]) -> None:
    assert list(mig.compare({ONE: before}, {ONE: now})) == [(ONE, text) for text in told]
