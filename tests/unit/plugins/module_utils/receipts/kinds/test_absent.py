"""Paths at which there is to be nothing."""

from pathlib import Path

from provision.plugins.module_utils.host.machine import Machine
from provision.plugins.module_utils.receipts.kinds import absent


def test_a_dangling_link_is_something(machine: Machine) -> None:
    (Path(machine.root) / "link").symlink_to("/nowhere")
    assert absent.measure(machine, ["/link", "/other"]) == {"/link": True, "/other": False}


def test_what_is_back_is_told() -> None:
    before = {"/old.list": False, "/kept": True}
    assert list(absent.compare(before, {"/old.list": True, "/kept": False})) == [
        ("/old.list", "/old.list is back")
    ]
