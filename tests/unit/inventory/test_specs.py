"""What the roles accept, read from their argument specifications."""

from pathlib import Path

from provision.inventory.specs import load_specs

ONE = """\
argument_specs:
  main:
    options:
      one_version: {type: str}
      one_password: {type: str, no_log: true}
  other:
    options:
      one_state: {type: str}
"""


def test_every_entry_point_counts_and_secrets_are_known(tmp_path: Path) -> None:
    for role, text in {"two": "argument_specs: {main: {short_description: x}}\n", "one": ONE}.items():
        path = tmp_path / role / "meta/argument_specs.yml"
        path.parent.mkdir(parents=True)
        path.write_text(text)
    (tmp_path / "no_role").mkdir()
    found = load_specs(tmp_path)
    assert found.roles == ("one", "two")
    assert {name: (option.role, option.secret) for name, option in found.options.items()} == {
        "one_version": ("one", False),
        "one_password": ("one", True),
        "one_state": ("one", False),
    }
    assert found.options["one_version"].spec == {"type": "str"}
