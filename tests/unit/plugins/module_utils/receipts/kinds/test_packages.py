"""Packages at their versions."""

from pathlib import Path

import pytest

from provision.plugins.module_utils.host.machine import Machine
from provision.plugins.module_utils.receipts.kinds import packages
from tests.unit.plugins.module_utils.receipts.conftest import put


@pytest.mark.parametrize(
    ("release", "version"),
    [
        ("ID=debian\n", "1.0"),
        ('ID=pop\nID_LIKE="ubuntu debian"\n', "1.0"),
        ("ID=rocky\nID_LIKE=rhel\n", "2.0"),
    ],
)
def test_the_distribution_decides_who_is_asked(
    machine: Machine, release: str, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(Path(machine.root), "/etc/os-release", release)
    status = "Package: a\nStatus: install ok installed\nVersion: 1.0\n"
    put(Path(machine.root), "/var/lib/dpkg/status", status)
    monkeypatch.setattr(machine, "run", lambda _: (0, "a 0:2.0\n"))
    assert packages.measure(machine, ["a"])["a"]["version"] == version


IN = {"version": "580.95.05-1", "held": True}
OUT = {"version": None, "held": False}


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        (IN, {**IN, "version": "595.71.05-1"}, ["driver 580.95.05-1 -> 595.71.05-1"]),
        (IN, {**IN, "held": False}, ["driver no longer held"]),
        (IN, OUT, ["driver removed"]),
        (IN, {**OUT, "cut_off": "unpacked"}, ["driver is unpacked"]),
        (OUT, {**OUT, "version": "2.14.0-1"}, ["driver 2.14.0-1 installed"]),
        (OUT, {**OUT, "held": True}, ["driver held"]),
        (
            IN,
            {"version": "595.71.05-1", "held": False},
            ["driver 580.95.05-1 -> 595.71.05-1", "driver no longer held"],
        ),
    ],
)
def test_a_difference_is_told(before: dict[str, object], now: dict[str, object], told: list[str]) -> None:
    assert list(packages.compare({"driver": before}, {"driver": now})) == [("driver", text) for text in told]
