"""group_members, run as Ansible runs it."""

import grp
import pwd
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule

from provision.plugins.modules import group_members

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Users alice (1000) and bob (1001, whose primary group is docker), and the group docker (1001)."""
    members: dict[str, list[str]] = {"docker": ["carol"]}
    users = {"alice": 1000, "bob": 1001}

    def add(_: AnsibleModule, argv: list[str]) -> tuple[int, str, str]:
        assert argv[:2] == ["gpasswd", "--add"]
        members[argv[3]].append(argv[2])
        return 0, "", ""

    def group(name: str) -> SimpleNamespace:
        return SimpleNamespace(gr_mem=members[name], gr_gid=1001)

    monkeypatch.setattr(pwd, "getpwnam", lambda name: SimpleNamespace(pw_gid=users[name]))
    monkeypatch.setattr(grp, "getgrnam", group)
    monkeypatch.setattr(AnsibleModule, "run_command", add)
    return members


def test_members_are_added_and_nobody_removed(run_module: Run, groups: dict[str, list[str]]) -> None:
    options = {"group": "docker", "members": ["alice", "bob"]}
    assert run_module(group_members, options, check=True)["added"] == ["alice"]
    assert groups == {"docker": ["carol"]}
    assert run_module(group_members, options)["changed"]
    assert groups == {"docker": ["carol", "alice"]}
    assert not run_module(group_members, options)["changed"]


def test_unknown_users_are_named(run_module: Run, groups: dict[str, list[str]]) -> None:
    result = run_module(group_members, {"group": "docker", "members": ["alice", "mallory"]})
    assert result["msg"] == "no such user on this host: `mallory`"
    assert groups == {"docker": ["carol"]}


def test_a_group_that_comes_with_a_package_counts_as_empty_in_check_mode(
    run_module: Run, groups: dict[str, list[str]]
) -> None:
    groups.clear()
    options = {"group": "docker", "members": ["alice"]}
    assert run_module(group_members, options, check=True)["added"] == ["alice"]
    assert "no such group" in run_module(group_members, options)["msg"]
