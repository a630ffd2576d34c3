"""The command line of a run, as a list."""

import json
import sys
from pathlib import Path

import pytest

from provision import content
from provision.runner import Playbook

_RUN = Path("/runs/1")


_FILES = ["--limit", "@/runs/1/hosts", "--extra-vars", "@/runs/1/extra_vars.json"]


@pytest.mark.parametrize(
    ("playbook", "argv"),
    [
        (
            Playbook("site", Path("fleet.ini"), ("hgx01",)),
            ["--inventory", "fleet.ini", *_FILES, "--forks", "1"],
        ),
        (
            Playbook("driver", Path("a dir"), tuple(f"h{n}" for n in range(8)), check=True, diff=True),
            ["--inventory", "a dir", *_FILES, "--forks", "8", "--check", "--diff"],
        ),
        (
            Playbook("site", Path("h,"), tuple(f"h{n}" for n in range(5000)), {"a": "it's a 'x'"}),
            ["--inventory", "h,", *_FILES, "--forks", "50"],
        ),
    ],
)
def test_argv(playbook: Playbook, argv: list[str]) -> None:
    start = [sys.executable, "-P", "-m", "ansible", "playbook"]
    assert playbook.argv(_RUN) == [*start, *argv, content.playbook(playbook.name)]


def test_files_hold_what_would_not_fit_on_a_command_line() -> None:
    variables = {"provision_selection": {"h1": ["docker_engine"]}, "quoted": "it's a 'x'", "flag": True}
    files = Playbook("site", Path("i"), ("h1", "h2"), variables).files()
    assert files["hosts"] == "h1\nh2\n"
    assert json.loads(files["extra_vars.json"]) == variables


def test_there_is_no_playbook_for_nobody() -> None:
    """Ansible would take an empty file of hosts for no limit at all."""
    with pytest.raises(ValueError, match="no host"):
        Playbook("site", Path("fleet.ini"), ())
