"""What the checks are told of the inventory: as the run would have it, or that only the run can know."""

import pytest

from provision.verify.wanted import CDI, DEFAULT_RUNTIME, IMAGE, LAYOUT, USERS, Wanted
from tests.unit.hosts import asked

VAULTED = {"__ansible_vault": "$ANSIBLE_VAULT;1.1;AES256\n6231\n"}


def test_where_the_inventory_says_nothing_the_roles_defaults_hold() -> None:
    wanted = Wanted.of(asked())
    assert wanted.image is not None
    assert "cuda" in wanted.image
    assert wanted == Wanted(wanted.image)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({USERS: ["alice", "bob"]}, Wanted("x", users=("alice", "bob"))),
        ({DEFAULT_RUNTIME: False}, Wanted("x", default_runtime=False)),
        # An INI inventory holds text.
        ({DEFAULT_RUNTIME: "false", CDI: "no"}, Wanted("x", default_runtime=False, cdi=False)),
        ({LAYOUT: "all-balanced"}, Wanted("x", mig=True)),
        ({IMAGE: "{{ registry }}/cuda:base", "registry": "reg:5000"}, Wanted("reg:5000/cuda:base")),
        ({USERS: "{{ admins + ['carol'] }}", "admins": ["alice"]}, Wanted("x", users=("alice", "carol"))),
        ({USERS: "{{ admins }}", "admins": "alice, bob"}, Wanted("x", users=("alice", "bob"))),
        ({CDI: "{{ 1 == 2 }}"}, Wanted("x", cdi=False)),
        ({LAYOUT: "{{ '' }}"}, Wanted("x")),
        ({IMAGE: "{{ ansible_local.image }}"}, Wanted(hidden=(IMAGE,))),
        ({USERS: VAULTED}, Wanted("x", hidden=(USERS,))),
        ({DEFAULT_RUNTIME: "{{ fact }}"}, Wanted("x", default_runtime=False, hidden=(DEFAULT_RUNTIME,))),
        ({CDI: "{{ fact }}"}, Wanted("x", cdi=False, hidden=(CDI,))),
        ({LAYOUT: "{{ fact }}"}, Wanted("x", mig=True, hidden=(LAYOUT,))),
    ],
)
def test_what_the_run_would_have(variables: dict[str, object], expected: Wanted) -> None:
    assert Wanted.of(asked(**{IMAGE: "x", **variables})) == expected
