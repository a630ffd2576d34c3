"""Versions and holds, in the words of dpkg and of rpm."""

import pytest

from provision.plugins.module_utils.packages.installed import parse_dpkg_status, parse_rpm

DPKG = """Package: bash
Status: install ok installed
Version: 5.2.15-2+b8

Package: nvidia-driver-cuda
Status: hold ok installed
Priority: optional
Version: 580.95.05-1
Description: a line
 Version: 9
 .
 Package: fake

Package: removed
Status: deinstall ok config-files
Version: 1.0

Package: half
Status: install ok half-configured
Version: 1.0

Package: both
Status: deinstall ok config-files
Architecture: i386
Version: 1.0

Package: both
Status: install ok installed
Architecture: amd64
Version: 2.0
"""


@pytest.mark.parametrize(
    ("name", "version", "held"),
    [
        ("bash", "5.2.15-2+b8", False),
        ("nvidia-driver-cuda", "580.95.05-1", True),
        ("removed", None, False),
        ("both", "2.0", False),
        ("never-heard-of", None, False),
        ("fake", None, False),
        ("bas", None, False),
    ],
)
def test_dpkg(name: str, version: str | None, held: bool) -> None:
    assert parse_dpkg_status(DPKG, [name]) == {name: {"version": version, "held": held}}


def test_dpkg_was_cut_off() -> None:
    found = parse_dpkg_status(DPKG, ["half"])
    assert found == {"half": {"version": None, "held": False, "cut_off": "half-configured"}}


@pytest.mark.parametrize(
    ("locked", "held"),
    [
        ("nvidia-open-3:580.95.05-1.el9.*", True),
        ("nvidia-open-580.95.05-1.el9.*", True),
        ("!nvidia-open-3:580.95.05-1.el9.*", False),
        ("nvidia-open-extras-3:580.95.05-1.el9.*", False),
        ('[[packages]]\nname = "nvidia-open"\n', True),
        ('[[packages]]\nname = "nvidia-open-extras"\n', False),
        ("", False),
    ],
)
def test_rpm_and_its_version_locks(locked: str, held: bool) -> None:
    output = "nvidia-open 3:580.95.05-1.el9\nbash 0:5.1.8-9.el9\npackage nope is not installed\n"
    assert parse_rpm(output, locked, ["nvidia-open", "bash", "nope"]) == {
        "nvidia-open": {"version": "3:580.95.05-1.el9", "held": held},
        "bash": {"version": "5.1.8-9.el9", "held": False},
        "nope": {"version": None, "held": False},
    }
