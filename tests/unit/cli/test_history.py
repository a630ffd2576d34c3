"""`provision history` as a command."""

import json
from pathlib import Path

import pytest

from provision.cli import run
from tests.unit.up.fake_hosts import FakeHosts


def test_what_up_has_done_is_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inventory = tmp_path / "fleet.ini"
    inventory.write_text("h1\nh2\n")
    assert run(["history", "-i", str(inventory)]) == 0
    assert capsys.readouterr().out == "No runs yet\n"
    assert run(["up", "-i", str(inventory), "--limit", "h1"], FakeHosts()) == 0
    capsys.readouterr()
    assert run(["history", "-i", str(inventory), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["runs"]
    assert (found["command"], found["limit"], found["exit_code"]) == ("up", "h1", 0)
    assert found["hosts"] == {"changed": 1}
    assert run(["history", "-i", str(inventory)]) == 0
    assert found["run"] in capsys.readouterr().out


def test_an_inventory_that_is_not_there_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["history", "-i", str(tmp_path / "nowhere.ini")]) == 2
    assert "no inventory at" in capsys.readouterr().err
