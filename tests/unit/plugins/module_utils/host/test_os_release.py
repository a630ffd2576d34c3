"""Distributions by their os-release."""

from pathlib import Path

import pytest

from provision.plugins.module_utils.host.machine import Machine
from provision.plugins.module_utils.host.os_release import APT, DNF, Release, parse, read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('NAME="Debian GNU/Linux"\nID=debian\nVERSION_ID="13"\n', Release("Debian 13", "debian", "13", APT)),
        (
            "NAME='Ubuntu'\nID=ubuntu\nID_LIKE=debian\nVERSION_ID='24.04'\n",
            Release("Ubuntu 24.04", "ubuntu", "24.04", APT),
        ),
        (
            'NAME="Rocky Linux"\nVERSION_ID="9.4"\nID="rocky"\nID_LIKE="rhel centos fedora"\n',
            Release("Rocky Linux 9.4", "rocky", "9.4", DNF),
        ),
        ('ID="rhel"\n', Release("Linux", "rhel", "", DNF)),
        ('# ID=fedora\nHOME_URL="https://x/?ID=fedora"\n', Release("Linux", "", "", APT)),
        ("ID=\nVERSION_ID=\n", Release("Linux", "", "", APT)),
        ("", Release("Linux", "", "", APT)),
    ],
)
def test_a_distribution_is_what_its_file_says(text: str, expected: Release) -> None:
    assert parse(text) == expected


def test_the_vendors_file_counts_where_there_is_no_other(tmp_path: Path) -> None:
    for path, name in (("usr/lib/os-release", "fedora"), ("etc/os-release", "debian")):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text(f"ID={name}\n")
        assert read(Machine(str(tmp_path))).id == name
