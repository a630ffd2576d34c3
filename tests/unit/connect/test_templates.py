"""Plain Jinja2 in connection variables, and what it refuses."""

import pytest

from provision.connect.templates import TemplateRefusedError, render


def test_a_template_is_filled_in_with_what_resolve_makes_of_the_variables() -> None:
    assert render("{{ a }}-{{ b | upper }}", {"a": 1, "b": "x"}, lambda value: f"<{value}>") == "<1>-<X>"


@pytest.mark.parametrize(
    "text",
    ["{{ unknown }}", "{{ a | to_json }}", "{{ lookup('env', 'HOME') }}", "{{ a", "{{ a.__class__.mro() }}"],
)
def test_what_only_ansible_has_is_refused(text: str) -> None:
    with pytest.raises(TemplateRefusedError):
        render(text, {"a": "x"}, lambda value: value)
