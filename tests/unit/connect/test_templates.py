"""Templates come to what Ansible makes of them, or are refused."""

import pytest

from provision.connect.templates import TemplateRefusedError, render

VARIABLES = {
    "version": "580.95",
    "users": ["alice", "bob"],
    "registry": "reg.example:5000",
    "nothing": None,
    "accounts": [{"name": "carol"}],
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ version }}", "580.95"),
        ("{{ '580' }}", "580"),
        ("{{ 580 }}", 580),
        ("{{ users }}", ["alice", "bob"]),
        ("{{ users + ['carol'] }}", ["alice", "bob", "carol"]),
        ("{{ ['a', 'b'] }}", ["a", "b"]),
        ("{{ accounts | map(attribute='name') }}", ["carol"]),
        ("{{ {'a': version} }}", {"a": "580.95"}),
        ("{{ version == '580.95' }}", True),
        ("{{ registry }}/cuda:{{ 12 }}", "reg.example:5000/cuda:12"),
        ("{% if users %}{{ users }}{% endif %}", ["alice", "bob"]),
        ("{% if not users %}x{% endif %}", None),
        ("x{{ nothing }}", "x"),
        ("{{ site | default('here') }}", "here"),
    ],
)
def test_a_template_keeps_the_type_of_its_expression(text: str, expected: object) -> None:
    found = render(text, VARIABLES, lambda value: value)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    "text",
    [
        "{{ site }}",
        "{{ [site] }}",
        "{{ users[7] }}",
        "{{ users.alice }}",
        "{{ users",
        "{{ lookup('env', 'REGISTRY') }}",
        "{{ registry | regex_replace('a', 'b') }}",
        "{{ registry | to_json }}",
        "{{ 'x'.upper }}",
        "{{ ''.__class__.mro() }}",
        # In the run they have a value, so their default is not what comes out.
        "{{ ansible_facts.architecture | default('x86_64') }}",
        "{{ ansible_local.site | default('here') }}",
        "{{ hostvars['gpu-02'].registry | default('here') }}",
    ],
)
def test_what_only_the_run_can_render_is_refused(text: str) -> None:
    with pytest.raises(TemplateRefusedError):
        render(text, VARIABLES, lambda value: value)
