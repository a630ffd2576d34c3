"""Runs a module's main() as Ansible does, with its programs answered from a table."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import pytest
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args


@dataclass
class Programs:
    """Answers run_command: the first entry whose words the command begins with. Keeps what was run.

    `on` holds what to call, with the command, when one with these words is run.
    """

    answers: dict[tuple[str, ...], tuple[int, str, str]] = field(default_factory=dict)
    on: dict[tuple[str, ...], Callable[[Sequence[str]], None]] = field(default_factory=dict)
    calls: list[list[str]] = field(default_factory=list)

    def __call__(self, argv: Sequence[str], **_options: object) -> tuple[int, str, str]:
        """Stand in for AnsibleModule.run_command."""
        self.calls.append(list(argv))
        for key, call in self.on.items():
            if set(key) <= set(argv):
                call(argv)
        words = [word for word in argv if not word.startswith("-")]
        for key, answer in self.answers.items():
            if tuple(words[: len(key)]) == key:
                return answer
        raise AssertionError(f"nothing answers {argv}")

    def ran(self, *words: str) -> bool:
        """Tell whether a command with these words was run."""
        return any(set(words) <= set(argv) for argv in self.calls)


RunModule = Callable[..., dict[str, Any]]


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> Programs:
    """Stand in for every program that a module runs."""
    table = Programs()
    monkeypatch.setattr(
        basic.AnsibleModule, "run_command", lambda _self, argv, **options: table(argv, **options)
    )
    return table


@pytest.fixture
def run_module(capsys: pytest.CaptureFixture[str]) -> RunModule:
    """Return a function that runs main() of a module and returns its result, failed or not."""

    def run(module: ModuleType, arguments: Mapping[str, object], *, check: bool = False) -> dict[str, Any]:
        with (
            patch_module_args({**arguments, "_ansible_check_mode": check, "_ansible_diff": True}),
            pytest.raises(SystemExit),
        ):
            module.main()
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        return result

    return run
