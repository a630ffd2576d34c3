"""Variables as the run would have them, without Ansible."""

import pytest

from provision.connect.variables import UnresolvedError, Variables, is_literal
from provision.model.fleet import Host

VAULTED = {"__ansible_vault": "ciphertext"}


def variables(defaults: dict[str, object] | None = None, **values: object) -> Variables:
    host = Host("gpu-01.example", ("gpu", "all"), values, "/site/inventory")
    return Variables(host, {"ciphertext": "s3cret"}.__getitem__, defaults or {})


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        ("580", True),
        (None, True),
        (["a", {"b": 1}], True),
        ("{{ x }}", False),
        (["{% if x %}1{% endif %}"], False),
        ({"a": {"b": "{{ x }}"}}, False),
        ({"{{ x }}": 1}, False),
        (VAULTED, False),
        ([{"a": VAULTED}], False),
    ],
)
def test_what_stands_for_itself(value: object, *, literal: bool) -> None:
    assert is_literal(value) is literal


def test_a_value_is_decrypted_and_rendered_however_deep() -> None:
    found = variables(a={"b": ["{{ c }}", VAULTED]}, c="{{ d }}!", d=VAULTED)
    assert found.value("a") == {"b": ["s3cret!", "s3cret"]}
    assert found.value("nowhere") is None


def test_what_a_host_sets_wins_over_a_default() -> None:
    defaults: dict[str, object] = {"a": "default", "b": "{{ a }}"}
    assert variables(defaults).value("b") == "default"
    assert variables(defaults, a="mine").value("b") == "mine"
    assert variables(defaults, a=None).value("a") is None


def test_a_host_knows_its_name_groups_and_folder() -> None:
    text = "{{ inventory_hostname }} {{ inventory_hostname_short }} {{ inventory_dir }} {{ group_names | first }}"
    assert variables(a=text).value("a") == "gpu-01.example gpu-01 /site/inventory gpu"


def test_what_a_template_does_not_take_from_a_mapping_need_not_be_known() -> None:
    settings = {"known": 1, "unknown": "{{ lookup('pipe', 'id') }}"}
    assert variables(a="{{ settings.known }}", settings=settings).value("a") == 1
    with pytest.raises(UnresolvedError):
        variables(a="{{ settings.unknown }}", settings=settings).value("a")


@pytest.mark.parametrize("text", ["{{ undefined }}", "{{ a }}", "{{ lookup('env', 'HOME') }}", "{{ 1 / 0 }}"])
def test_what_only_the_run_can_tell_is_unresolved(text: str) -> None:
    with pytest.raises(UnresolvedError):
        variables(a=text).value("a")
