"""What a module documents is what it takes, and options that modules share are told in the same words."""

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from provision.plugins import modules
from provision.plugins.module_utils.packages.managers import OPTIONS

NAMES = sorted(path.stem for path in Path(modules.__path__[0]).glob("*.py") if path.stem != "__init__")
FACTS = ("type", "elements", "required", "default", "choices")


class Asked(Exception):
    """Ends a module where its arguments are read."""


def documented(module: ModuleType) -> dict[str, Any]:
    options: dict[str, Any] = yaml.safe_load(module.DOCUMENTATION)["options"]
    return options


def taken(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    specs: list[dict[str, Any]] = []

    def ask(argument_spec: dict[str, Any], **_: object) -> None:
        specs.append(argument_spec)
        raise Asked

    monkeypatch.setattr(module, "AnsibleModule", ask)
    with pytest.raises(Asked):
        module.main()
    return specs[0]


@pytest.mark.parametrize("name", NAMES)
def test_options_are_documented_as_they_are_taken(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module(f"{modules.__name__}.{name}")
    facts = [
        {option: {fact: each[fact] for fact in FACTS if fact in each} for option, each in options.items()}
        for options in (documented(module), taken(module, monkeypatch))
    ]
    assert facts[0] == facts[1]


def test_options_of_the_package_manager_are_told_in_the_same_words() -> None:
    every = [importlib.import_module(f"{modules.__name__}.{name}") for name in NAMES]
    users = [documented(module) for module in every if hasattr(module, "opened")]
    assert len(users) >= 4
    for option in OPTIONS:
        told = [options[option] for options in users if option in options]
        assert all(each == told[0] for each in told), option
