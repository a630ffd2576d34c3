"""A role's own file is put right in content, mode and kind, and left alone where it is right."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from provision.plugins.module_utils.host.managed_file import attributes, is_managed, manage

_TEXT = b"ours\n"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.unlink(),
        lambda path: path.write_text("theirs\n"),
        lambda path: path.chmod(0o600),
        lambda path: path.chmod(0o666),
        lambda path: (path.unlink(), path.symlink_to("/dev/null")),
    ],
)
def test_whatever_was_done_to_it_is_undone(tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    path = tmp_path / "folder/file"
    manage(str(path), _TEXT)
    assert is_managed(str(path), _TEXT)
    spoil(path)
    assert not is_managed(str(path), _TEXT)
    manage(str(path), _TEXT)
    assert is_managed(str(path), _TEXT)
    assert path.read_bytes() == _TEXT
    assert not path.is_symlink()
    assert path.stat().st_mode & 0o7777 == 0o644


def test_a_mode_is_put_right_without_touching_the_content(tmp_path: Path) -> None:
    path = tmp_path / "file"
    manage(str(path), _TEXT)
    os.utime(path, (1, 1))
    path.chmod(0o600)
    assert attributes(str(path))[0].startswith("0600 ")
    manage(str(path), _TEXT)
    assert path.stat().st_mtime == 1
    assert attributes(str(path)) == ("", "")


def test_a_file_that_is_missing_has_no_attributes_to_show(tmp_path: Path) -> None:
    assert attributes(str(tmp_path / "file")) == ("", "")


@pytest.mark.needs("root")
def test_the_owner_counts(tmp_path: Path) -> None:
    path = tmp_path / "file"
    manage(str(path), _TEXT)
    os.chown(path, 1000, 1000)
    assert not is_managed(str(path), _TEXT)
    manage(str(path), _TEXT)
    assert path.stat().st_uid == os.geteuid()
