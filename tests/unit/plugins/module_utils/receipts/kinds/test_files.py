"""Files, links and folders."""

import grp
import os
import pwd
from pathlib import Path

import pytest

from provision.plugins.module_utils.host.machine import Machine
from provision.plugins.module_utils.receipts.kinds import files
from tests.unit.plugins.module_utils.receipts.conftest import put


def test_a_file_has_content_mode_and_owner(machine: Machine) -> None:
    put(Path(machine.root), "/etc/a", "hello").chmod(0o640)
    me, mine = pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name
    assert files.measure(machine, ["/etc/a", "/etc/none"]) == {
        "/etc/a": {
            "type": "file",
            "sha256": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
            "mode": "0640",
            "owner": me,
            "group": mine,
        },
        "/etc/none": None,
    }


def test_a_link_is_its_target_and_never_followed(machine: Machine) -> None:
    (Path(machine.root) / "link").symlink_to("/nowhere")
    assert files.measure(machine, ["/link"])["/link"] == {"type": "link", "target": "/nowhere"}


def test_a_folder_and_a_pipe_are_told_apart(machine: Machine) -> None:
    (Path(machine.root) / "folder").mkdir(mode=0o755)
    os.mkfifo(Path(machine.root) / "pipe")
    found = files.measure(machine, ["/folder", "/pipe"])
    assert [each and each["type"] for each in found.values()] == ["directory", "special"]


FILE = {"type": "file", "sha256": "aa", "mode": "0644", "owner": "root", "group": "root"}
LINK = {"type": "link", "target": "/opt/a"}


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        (FILE, {**FILE, "sha256": "bb"}, ["/a edited"]),
        (FILE, {**FILE, "mode": "0666"}, ["/a mode 0644 -> 0666"]),
        (FILE, {**FILE, "owner": "bob"}, ["/a owner root -> bob"]),
        (FILE, {**FILE, "group": "adm"}, ["/a group root -> adm"]),
        (FILE, {**FILE, "sha256": "bb", "mode": "0600"}, ["/a edited", "/a mode 0644 -> 0600"]),
        (FILE, None, ["/a deleted"]),
        (None, FILE, ["/a created"]),
        (LINK, {**LINK, "target": "/opt/b"}, ["/a points to /opt/a -> /opt/b"]),
        (LINK, FILE, ["/a is a file instead of a link"]),
        (FILE, FILE, []),
    ],
)
def test_a_difference_is_told(
    before: dict[str, str] | None, now: dict[str, str] | None, told: list[str]
) -> None:
    assert list(files.compare({"/a": before}, {"/a": now})) == [("/a", text) for text in told]
