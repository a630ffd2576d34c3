"""What the inventory asks of a host: defaults, templates, and what only the run knows."""

import pytest

from provision import content, yaml_file
from provision.model.desired import HIDDEN
from tests.unit.hosts import asked

VAULTED = {"__ansible_vault": "$ANSIBLE_VAULT;1.1;AES256\n6231\n"}


@pytest.mark.parametrize("role", content.ROLES)
def test_what_the_inventory_leaves_open_is_the_roles_default(role: str) -> None:
    defaults = yaml_file.read(content.roles_directory() / role / "defaults" / "main.yml")
    assert {name: asked().get(name) for name in defaults} == defaults


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"docker_engine_users": ["alice"]}, ["alice"]),
        ({"docker_engine_users": None}, None),
        ({"docker_engine_users": "{{ site_users }}", "site_users": ["a", "b"]}, ["a", "b"]),
        ({"docker_engine_users": ["{{ operator }}", "bob"], "operator": "alice"}, ["alice", "bob"]),
        ({"docker_engine_users": "{{ a }}", "a": "{{ b }}", "b": ["c"]}, ["c"]),
        ({"docker_engine_users": ["{{ s.a }}"], "s": {"a": "{{ b }}", "c": VAULTED}, "b": "x"}, ["x"]),
        ({"docker_engine_users": ["{{ s.c | default('x') }}"], "s": {"c": VAULTED}}, HIDDEN),
        ({"docker_engine_users": "{{ s['c'] | list }}", "s": {"c": {"a": 1, "b": 2}}}, ["a", "b"]),
        ({"docker_engine_users": ["{{ inventory_hostname }}", "{{ group_names[0] }}"]}, ["h", "gpu"]),
        ({"docker_engine_users": ["{{ inventory_dir }}"]}, ["/site"]),
        ({"docker_engine_users": ["{{ nvidia_driver_version }}"]}, ["580"]),
        ({"docker_engine_users": "{{ a }}", "a": "{{ docker_engine_users }}"}, HIDDEN),
        ({"docker_engine_users": ["alice", "{{ ansible_facts.env.USER }}"]}, HIDDEN),
        ({"docker_engine_users": "{{ lookup('file', 'users') }}"}, HIDDEN),
        ({"docker_engine_users": VAULTED}, HIDDEN),
        ({"docker_engine_users": ["{{ secret }}"], "secret": VAULTED}, HIDDEN),
    ],
)
def test_values_are_those_that_reach_the_run(variables: dict[str, object], expected: object) -> None:
    assert asked(**variables).get("docker_engine_users") == expected
