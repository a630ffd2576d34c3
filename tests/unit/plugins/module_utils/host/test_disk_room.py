"""Disks that are full or read-only are told from those that are not."""

import os
from pathlib import Path

import pytest

from provision.plugins.module_utils.host.disk_room import obstacle


def file_system(**changes: int) -> os.statvfs_result:
    fields = {"blocks": 1000, "bavail": 1000, "files": 100, "favail": 50, "flag": 0, **changes}
    names = ("bsize", "frsize", "blocks", "bfree", "bavail", "files", "ffree", "favail", "flag", "namemax")
    return os.statvfs_result([fields.get(name, 4096) for name in names])


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, None),
        ({"bavail": 3}, "no space left in {}"),
        ({"favail": 0}, "no space left in {}"),
        ({"files": 0, "favail": 0}, None),  # btrfs counts no inodes
        ({"flag": os.ST_RDONLY}, "{} is mounted read-only"),
    ],
)
def test_a_disk_that_takes_nothing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, int], told: str | None
) -> None:
    asked: list[str] = []

    def statvfs(path: str) -> os.statvfs_result:
        asked.append(path)
        return file_system(**changes)

    monkeypatch.setattr(os, "statvfs", statvfs)
    assert obstacle([str(tmp_path / "not" / "yet")]) == (told and told.format(tmp_path))
    assert asked == [str(tmp_path)]


def test_the_first_of_several_folders_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    full = {"/etc": 1000, "/usr": 0, "/": 0}
    monkeypatch.setattr(os, "statvfs", lambda path: file_system(bavail=full[path]))
    assert obstacle(["/etc"]) is None
    assert obstacle(["/etc", "/usr", "/"]) == "no space left in /usr"
