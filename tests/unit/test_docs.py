"""The reference and the program say the same."""

import json
import re
from importlib import import_module
from pathlib import Path

import click
import pytest
import yaml

from provision import content
from provision.cli import COMMANDS
from provision.model.plan import Disruption, State
from provision.model.run import Outcome, RoleOutcome

_ROOT = Path(__file__).parents[2]
_REFERENCE = (_ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
_PAGES = sorted([*_ROOT.glob("*.md"), *_ROOT.glob("docs/*.md"), *_ROOT.glob("roles/*/README.md")])


def _section(command: str) -> str:
    return _REFERENCE.partition(f"## `provision {command}`")[2].partition("\n## ")[0]


def _command(name: str) -> click.Command:
    command = import_module(f"provision.cli.{name}").command
    assert isinstance(command, click.Command)
    return command


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_section_and_help(name: str) -> None:
    assert _section(name).strip()
    assert _command(name).help


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_told_where_the_command_is(name: str) -> None:
    shared = _REFERENCE.partition("\n## ")[0]
    told = _section(name) + shared
    options = [
        option for parameter in _command(name).params for option in parameter.opts if option.startswith("--")
    ]
    assert [option for option in options if option not in told] == []


@pytest.mark.parametrize("name", ["up", "plan"])
def test_no_option_is_told_that_is_not_there(name: str) -> None:
    known = {option for parameter in _command(name).params for option in parameter.opts}
    assert set(re.findall(r"\| `(--[a-z-]+)", _section(name))) <= known


def test_every_role_is_told_that_may_be_asked_for() -> None:
    (row,) = re.findall(r"\| `--only .*", _section("up"))
    assert tuple(re.findall(r"`(\w+)`", row)) == content.ROLES


@pytest.mark.parametrize("path", _PAGES, ids=lambda path: str(path.relative_to(_ROOT)))
def test_all_yaml_that_is_shown_can_be_pasted(path: Path) -> None:
    for block in re.findall(r"```ya?ml\n(.*?)```", path.read_text(encoding="utf-8"), re.S):
        document = yaml.safe_load(block)
        plays = document if isinstance(document, list) else []
        assert document
        assert all({"name", "hosts", "tasks"} <= set(play) for play in plays)


def test_every_role_shows_a_playbook() -> None:
    readmes = content.roles_directory().glob("*/README.md")
    assert {path.parent.name for path in readmes if "```yaml\n" in path.read_text()} == set(content.ROLES)


@pytest.mark.parametrize("words", [Outcome, RoleOutcome, State, Disruption])
def test_every_word_of_the_documents_is_explained(
    words: type[Outcome | RoleOutcome | State | Disruption],
) -> None:
    text = _section("up") + _section("plan")
    assert [word.value for word in words if f"`{word.value}`" not in text] == []


def test_the_documents_are_json() -> None:
    documents = re.findall(r"```json\n(.*?)```", _REFERENCE, re.S)
    assert len(documents) == 5
    assert {json.loads(document)["schema"] for document in documents} == {1}


def test_every_play_is_named() -> None:
    plays = list((content.roles_directory().parent / "playbooks").glob("*.yml"))
    assert plays
    for play in plays:
        assert f"playbooks/{play.name}" in _REFERENCE
        assert f"provision.gpu.{play.stem}" in _REFERENCE
