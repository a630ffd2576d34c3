"""Users in groups."""

from pathlib import Path

from provision.plugins.module_utils.host.machine import Machine
from provision.plugins.module_utils.receipts.kinds import groups
from tests.unit.plugins.module_utils.receipts.conftest import put


def test_members_of_a_group_by_list_or_as_their_own_group(machine: Machine) -> None:
    put(Path(machine.root), "/etc/group", "docker:x:999:alice,bob\n")
    put(Path(machine.root), "/etc/passwd", "carol:x:1:999::/:/bin/sh\ndave:x:2:1000::/:/bin/sh\n")
    wanted = {"docker": ["alice", "carol", "dave"], "none": ["alice"]}
    assert groups.measure(machine, wanted) == {
        "docker": {"alice": True, "carol": True, "dave": False},
        "none": {"alice": False},
    }


def test_who_left_is_told() -> None:
    before = {"docker": {"alice": True, "bob": False}}
    assert list(groups.compare(before, {"docker": {"alice": False, "bob": False}})) == [
        ("alice", "user alice no longer in group docker")
    ]
    assert list(groups.compare(before, {"docker": {"alice": True, "bob": True}})) == []
