"""`provision status` as a command."""

import json
from pathlib import Path

import pytest

from provision.cli import run
from tests.unit.up.fake_hosts import FakeHosts, bare, lost


def test_the_status_of_a_fleet_lists_what_could_not_be_reached(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inventory = tmp_path / "fleet.ini"
    inventory.write_text("a\nb\n")
    hosts = FakeHosts(lambda name: lost(name) if name == "b" else bare(name))
    assert run(["status", "-i", str(inventory)], hosts) == 0
    out = capsys.readouterr().out
    assert "b: no answer" in out
    assert "hint: is it up?" in out
    assert run(["status", "-i", str(inventory), "--json"], hosts) == 0
    document = json.loads(capsys.readouterr().out)["hosts"]
    assert (document["a"]["reachable"], document["b"]["reachable"]) == (True, False)
    assert document["a"]["roles"]["nvidia_driver"] == "absent"
