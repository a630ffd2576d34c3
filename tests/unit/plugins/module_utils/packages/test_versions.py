"""The order of versions, as dpkg and rpm have it."""

import itertools
import subprocess

import pytest

from provision.plugins.module_utils.packages.versions import (
    compare_debian,
    compare_rpm,
    newest_first,
    upstream,
)

DEBIAN = [
    "1.0~rc1-1",
    "1.0-1~bpo12+1",
    "1.0-1",
    "1.0-1+b1",
    "1.0-1+deb12u1",
    "1.0-10",
    "1.0a-1",
    "1.10-1",
    "2",
    "1:0.5-1",
]
DRIVERS = ["570.211.01-1", "580.65.06-1", "580.95.05-1", "580.178.04-1", "595.71.05-1"]
RPM = [
    "1.0~rc1-1",
    "1.0-1",
    "1.0^20240101-1",
    "1.0a-1",
    "1.0.1-1",
    "1.10-1",
    "2.0-1.el9",
    "1:0.5-1",
    "3:580.95.05-1.el9",
]


@pytest.mark.parametrize("ordered", [DEBIAN, DRIVERS])
def test_debian_order(ordered: list[str]) -> None:
    for (left, one), (right, other) in itertools.product(enumerate(ordered), repeat=2):
        assert compare_debian(one, other) == (left > right) - (left < right), (one, other)


@pytest.mark.needs("dpkg")
def test_debian_order_is_dpkgs() -> None:
    for one, other in itertools.pairwise(DEBIAN):
        assert subprocess.run(["dpkg", "--compare-versions", one, "lt", other], check=False).returncode == 0


@pytest.mark.parametrize("ordered", [RPM, DRIVERS])
def test_rpm_order(ordered: list[str]) -> None:
    for (left, one), (right, other) in itertools.product(enumerate(ordered), repeat=2):
        assert compare_rpm(one, other) == (left > right) - (left < right), (one, other)


def test_newest_first_drops_duplicates() -> None:
    assert newest_first(["580.9-1", "580.95-1", "580.9-1"], compare_debian) == ["580.95-1", "580.9-1"]


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("580.95.05-1", "580.95.05"),
        ("3:580.95.05-1.el9", "580.95.05"),
        ("580.95.05-0ubuntu1", "580.95.05"),
        ("5:28.5.1-1~debian.13~trixie", "28.5.1"),
        ("20.10.24+dfsg1-1+deb12u1+b2", "20.10.24"),
        ("26.1.5+dfsg1-9+b1", "26.1.5"),
        ("1.18.0~rc.1-1", "1.18.0~rc.1"),  # not the release
        ("unversioned", "unversioned"),
        ("2", "2"),
    ],
)
def test_upstream(version: str, expected: str) -> None:
    assert upstream(version) == expected
