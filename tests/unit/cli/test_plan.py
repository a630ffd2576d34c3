"""`provision plan` as a command: streams, documents and exit codes."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from provision.cli import run
from provision.model.observed import HostProbe
from provision.runner import Event
from provision.runner.events import Kind
from tests.unit.up.fake_hosts import BARE, FakeHosts, bare, converged, lost


@pytest.fixture
def inventory(tmp_path: Path) -> str:
    path = tmp_path / "fleet.ini"
    path.write_text("[gpu]\na\nb\n[gpu:vars]\nnvidia_driver_version=580\n")
    return str(path)


def as_declared(name: str) -> HostProbe:
    return converged(name, nvidia_driver_version=580)


def old(name: str) -> HostProbe:
    return HostProbe(name, reachable=True, observed=replace(BARE, os="Debian 9", major="9"))


def half_lost(name: str) -> HostProbe:
    return lost(name) if name == "b" else bare(name)


@pytest.mark.parametrize(
    ("answers", "options", "code"),
    [
        (bare, [], 0),
        (bare, ["--exit-code"], 4),
        (as_declared, ["--exit-code"], 0),
        (half_lost, [], 1),
        (half_lost, ["--exit-code"], 1),
        (old, [], 3),
        (old, ["--exit-code"], 3),
    ],
)
def test_the_exit_code_of_a_plan(
    inventory: str, answers: Callable[[str], HostProbe], options: list[str], code: int
) -> None:
    assert run(["plan", "-i", inventory, *options], FakeHosts(answers)) == code


def test_a_plan_for_a_machine_is_one_document(inventory: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["plan", "-i", inventory, "--json", "--limit", "a", "--only", "docker_engine"]
    assert run(arguments, FakeHosts()) == 0
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert err == ""
    assert document["summary"] == {"hosts": 1, "to_change": 1}
    assert list(document["hosts"]["a"]["roles"]) == ["docker_engine"]
    assert document["hosts"]["a"]["roles"]["docker_engine"]["state"] == "absent"


def test_a_plan_for_a_converged_fleet_says_so(inventory: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "-i", inventory], FakeHosts(as_declared)) == 0
    assert capsys.readouterr().out == "a, b: no changes\n\nNo changes. The fleet matches the inventory\n"


def test_a_misspelt_variable_is_refused_before_any_host_is_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "fleet.ini"
    path.write_text("a nvidia_driver_versoin=580\n")
    hosts = FakeHosts()
    assert run(["plan", "-i", str(path)], hosts) == 2
    assert "nvidia_driver_version" in capsys.readouterr().err
    assert hosts.asked == []


def test_a_diff_names_what_would_change(inventory: str, capsys: pytest.CaptureFixture[str]) -> None:
    diff = {"after_header": "/etc/x", "before": "", "after": "new line\n"}
    hosts = FakeHosts(events=lambda name: [Event(Kind.CHANGED, name, "docker_engine", "Write", diff=(diff,))])
    assert run(["plan", "-i", inventory, "--diff", "--json"], hosts) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["hosts"]["b"]["changes"] == [["docker_engine", "/etc/x"]]
    assert run(["plan", "-i", inventory, "--diff"], hosts) == 0
    out = capsys.readouterr().out
    assert "+new line" in out
    assert out.index("+new line") < out.index("Plan: ")
    assert [playbook.check for playbook in hosts.ran] == [True, True]
