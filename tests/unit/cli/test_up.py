# ruff: noqa: ARG001, ARG002, ARG005, PLR0917 - fakes have the signature of what they stand for
"""`provision up` from the command line: bad input, consent, outcomes; with hosts that answer from a table."""

import json
import re
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from provision import cli, content, verify
from provision.cli import converge
from provision.compat import Refusal
from provision.model.fleet import Fleet
from provision.model.observed import HostProbe, Workload
from provision.model.plan import Disruption, HostPlan, Plan, RolePlan, State
from provision.runner import Event, Playbook, Result
from provision.runner.events import Kind
from provision.up.converge import Probes, Steps
from provision.verify import Check, VerifyReport

_SPEC = """
argument_specs:
  main:
    options:
      nvidia_driver_version: {type: str}
      nvidia_driver_allow_reboot: {type: bool, default: false}
"""


@dataclass
class _Hosts:
    """A fleet whose hosts all need the driver, unless told otherwise."""

    plan: Callable[[str], HostPlan] = field(
        default=lambda name: HostPlan(name, {"nvidia_driver": RolePlan(State.ABSENT)})
    )
    refused: list[Refusal] = field(default_factory=list)
    events: Callable[[str], Event] = field(
        default=lambda name: Event(Kind.CHANGED, name, "nvidia_driver", "install")
    )
    ran: list[Playbook] = field(default_factory=list)
    asked: int = 0

    def steps(self) -> Steps:
        return Steps(self.probe, lambda fleet, probes: self.refused, self.build, self.run_playbook)

    def probe(self, fleet: Fleet, *, on_host: Callable[[HostProbe], None] | None = None) -> Probes:
        self.asked += 1
        return {name: HostProbe(name, reachable=False) for name in fleet.names}

    def build(self, fleet: Fleet, probes: Probes, roles: Sequence[str], full: bool = False) -> Plan:
        if self.ran:
            return Plan(
                {name: HostPlan(name, {"nvidia_driver": RolePlan(State.CONVERGED)}) for name in fleet.names}
            )
        return Plan({name: self.plan(name) for name in fleet.names})

    def run_playbook(self, playbook: Playbook, run_dir: Path, *, on_event: Callable[[Event], None]) -> Result:
        self.ran.append(playbook)
        events = [self.events(name) for name in playbook.hosts]
        for event in events:
            on_event(event)
        failures = {
            event.host: {"failures": int(event.kind in (Kind.FAILED, Kind.REFUSED))} for event in events
        }
        on_event(Event(Kind.STATS, stats=failures))
        return Result(0, 1.0, run_dir / "ansible.log")


@pytest.fixture
def hosts(monkeypatch: pytest.MonkeyPatch) -> _Hosts:
    hosts = _Hosts()
    monkeypatch.setattr(converge, "_steps", hosts.steps)
    return hosts


@pytest.fixture(autouse=True)
def inventory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    meta = tmp_path / "roles" / "nvidia_driver" / "meta"
    meta.mkdir(parents=True)
    (meta / "argument_specs.yml").write_text(_SPEC)
    monkeypatch.setattr(content, "roles_directory", lambda: tmp_path / "roles")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PROVISION_INVENTORY", raising=False)
    (tmp_path / "fleet.ini").write_text("[gpu]\nh1\nh2\n")
    return tmp_path / "fleet.ini"


@pytest.fixture(autouse=True)
def passing_checks(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """Let every check pass, and record which hosts were checked."""
    checked: list[tuple[str, ...]] = []

    def run(_fleet: Fleet, names: Sequence[str]) -> VerifyReport:
        checked.append(tuple(names))
        return VerifyReport.of(names, [])

    monkeypatch.setattr(verify, "run", run)
    return checked


@pytest.mark.parametrize(
    ("arguments", "text", "error", "hint"),
    [
        (["up"], "", "no inventory given", "pass `-i INVENTORY` or set PROVISION_INVENTORY"),
        (["up", "-i", "nowhere.ini"], "", "no inventory at `nowhere.ini`", "an Ansible inventory is wanted"),
        (
            ["up", "-i", "fleet.ini"],
            "h1 what\n",
            "cannot read inventory `.*fleet.ini:1`",
            "`ansible-inventory -i",
        ),
        (["up", "-i", "fleet.ini"], "\n", "no hosts in `fleet.ini`", "an Ansible inventory is wanted"),
        (
            ["up", "-i", "fleet.ini", "--limit", "gpux"],
            "[gpu]\nh1\n",
            "`--limit` names `gpux`",
            "did you mean `gpu`",
        ),
        (
            ["up", "-i", "fleet.ini", "--only", "nvidia_drivr"],
            "",
            "unknown role `nvidia_drivr`",
            "`nvidia_driver`",
        ),
        (
            ["up", "-i", "fleet.ini", "--only", ","],
            "",
            "`--only` names no role",
            "known: nvidia_driver, ",
        ),
        (
            ["up", "-i", "fleet.ini"],
            "h1 nvidia_driver_vresion=580\n",
            "unknown variable `nvidia_driver_vresion` in fleet.ini:1",
            "did you mean `nvidia_driver_version`",
        ),
        (
            ["up", "-i", "fleet.ini"],
            "h1 nvidia_driver_allow_reboot=perhaps\n",
            "`nvidia_driver_allow_reboot` must be true or false, not `perhaps` in fleet.ini:1",
            "the README of role nvidia_driver",
        ),
        (["up", "-i", "fleet.ini", "--ful"], "", "No such option '--ful'", "`provision up --help` lists"),
    ],
)
def test_bad_input_is_one_error_with_a_hint_and_touches_nothing(
    arguments: list[str],
    text: str,
    error: str,
    hint: str,
    inventory: Path,
    hosts: _Hosts,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if text:
        inventory.write_text(text)
    assert cli.run(arguments) == 2
    said = capsys.readouterr()
    first, second = said.err.splitlines()
    assert re.match(f"error: {error}", first)
    assert second.startswith("hint: ") and hint in second
    assert (said.out, hosts.asked, hosts.ran) == ("", 0, [])
    assert not (inventory.parent / ".provision").exists()


def test_an_unsupported_fleet_is_refused_before_it_is_touched(
    hosts: _Hosts, inventory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hosts.refused = [
        Refusal("h1", "driver 595 does not support V100 on h1", 'set `nvidia_driver_version: "580"`', None),
        Refusal("h2", "Debian 9 on h2 is not supported", None, None),
    ]
    assert cli.run(["up", "-i", "fleet.ini", "--json"]) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert (
        'error: driver 595 does not support V100 on h1\nhint: set `nvidia_driver_version: "580"`' in said.err
    )
    assert "error: Debian 9 on h2 is not supported" in said.err
    assert hosts.ran == []
    assert not (inventory.parent / ".provision").exists()


def test_json_is_all_there_is_on_stdout(
    hosts: _Hosts, inventory: Path, passing_checks: list[tuple[str, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["up", "-i", "fleet.ini", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == 1
    assert (inventory.parent / ".provision" / "journal.sqlite").exists()
    assert document["hosts"]["h1"]["outcome"] == "changed"
    assert set(document["hosts"]["h1"]) == {"outcome", "roles", "error", "seconds", "changes"}
    assert passing_checks == [("h1", "h2")]


def test_nothing_to_do_runs_nothing(
    hosts: _Hosts, passing_checks: list[tuple[str, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    hosts.plan = lambda name: HostPlan(name, {"nvidia_driver": RolePlan(State.CONVERGED)})
    assert cli.run(["up", "-i", "fleet.ini"]) == 0
    assert "No changes. The fleet matches the inventory" in capsys.readouterr().out
    assert (hosts.ran, passing_checks) == ([], [])


def test_one_failing_host_hides_no_other(hosts: _Hosts, capsys: pytest.CaptureFixture[str]) -> None:
    hosts.events = lambda name: Event(
        Kind.FAILED if name == "h1" else Kind.CHANGED, name, "nvidia_driver", "install", "no space left"
    )
    assert cli.run(["up", "-i", "fleet.ini"]) == 1
    out = capsys.readouterr().out
    assert "h1 failed: no space left" in out
    assert "2 hosts: 1 changed, 1 failed" in out


def test_a_refused_disruption_ends_with_three(hosts: _Hosts, capsys: pytest.CaptureFixture[str]) -> None:
    message = "refused: a reboot is needed; set `nvidia_driver_allow_reboot: true`"
    hosts.events = lambda name: Event(Kind.REFUSED, name, "nvidia_driver", "reboot", message)
    assert cli.run(["up", "-i", "fleet.ini", "--no-verify"]) == 3
    assert "h1 refused: a reboot is needed; set `nvidia_driver_allow_reboot: true`" in capsys.readouterr().out


def test_a_changed_host_that_fails_a_check_has_failed(
    hosts: _Hosts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(_fleet: Fleet, names: Sequence[str]) -> VerifyReport:
        return VerifyReport.of(names, [Check("h2", "container_sees_gpus", "failed", "7 of 8")])

    monkeypatch.setattr(verify, "run", run)
    assert cli.run(["up", "-i", "fleet.ini", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)["hosts"]
    assert (found["h1"]["outcome"], found["h2"]["outcome"]) == ("changed", "failed")
    assert found["h2"]["error"] == "provisioned, but not verified: container_sees_gpus: 7 of 8"


def test_a_changed_host_that_passes_its_checks_is_verified(
    hosts: _Hosts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(_fleet: Fleet, names: Sequence[str]) -> VerifyReport:
        return VerifyReport.of(names, [Check(name, "driver_loaded", "passed", "") for name in names])

    monkeypatch.setattr(verify, "run", run)
    assert cli.run(["up", "-i", "fleet.ini"]) == 0
    assert "2 hosts: 2 changed (verified)" in capsys.readouterr().out
    hosts.ran.clear()
    assert cli.run(["up", "-i", "fleet.ini", "--no-verify"]) == 0
    assert "2 hosts: 2 changed\n" in capsys.readouterr().out


_REBOOT = RolePlan(
    State.INPUTS_CHANGED, ("driver 580 -> 595",), (Disruption.REBOOT,), (Workload("container", "train-1"),)
)


@pytest.mark.parametrize(
    ("terminal", "options", "answer", "code", "ran"),
    [
        (True, [], "y\n", 0, True),
        (True, [], "\n", 3, False),
        (True, ["--yes"], None, 0, True),
        (False, [], None, 0, True),
    ],
)
def test_a_terminal_is_asked_before_a_disruption(
    terminal: bool,
    options: list[str],
    answer: str | None,
    code: int,
    ran: bool,
    hosts: _Hosts,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    hosts.plan = lambda name: HostPlan(name, {"nvidia_driver": _REBOOT})
    monkeypatch.setattr(converge, "_on_terminal", lambda _console: terminal)
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _prompt: answer and answer.strip())
    assert cli.run(["up", "-i", "fleet.ini", *options]) == code
    assert bool(hosts.ran) is ran
    asked = "h1  nvidia_driver: reboot (hits container train-1)" in capsys.readouterr().err
    assert asked is (answer is not None)


def test_a_terminal_is_not_asked_about_what_disturbs_nobody(
    hosts: _Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet = RolePlan(State.ABSENT, ("not applied yet",), (Disruption.DOCKER_RESTART,))
    hosts.plan = lambda name: HostPlan(name, {"nvidia_driver": quiet})
    monkeypatch.setattr(converge, "_on_terminal", lambda _console: True)
    assert cli.run(["up", "-i", "fleet.ini"]) == 0


def test_the_inventory_may_come_from_the_environment(hosts: _Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVISION_INVENTORY", "fleet.ini")
    assert cli.run(["up"]) == 0


def test_an_interrupt_ends_with_130(
    hosts: _Hosts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(fleet: Fleet, probes: Probes, roles: Sequence[str], full: bool = False) -> Plan:
        raise KeyboardInterrupt

    monkeypatch.setattr(hosts, "build", interrupted)
    assert cli.run(["up", "-i", "fleet.ini"]) == 130
    assert capsys.readouterr().err.endswith("interrupted\n")


def test_an_interrupted_run_says_what_is_left_and_is_recorded(
    hosts: _Hosts, inventory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run_playbook(playbook: Playbook, run_dir: Path, *, on_event: Callable[[Event], None]) -> Result:
        on_event(Event(Kind.TASK, "h1", "nvidia_driver", "Install the driver"))
        raise KeyboardInterrupt

    monkeypatch.setattr(hosts, "run_playbook", run_playbook)
    assert cli.run(["up", "-i", "fleet.ini", "--json"]) == 130
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines()[-4:] == [
        "h1  interrupted during `Install the driver`, which ends by itself; nothing follows it",
        "h2  interrupted before it was begun",
        "hint: run `up` again; it waits for what is still at work",
        "interrupted",
    ]
    database = sqlite3.connect(inventory.parent / ".provision" / "journal.sqlite")
    assert database.execute("SELECT exit_code, ended > 0 FROM runs").fetchall() == [(130, 1)]
    assert database.execute("SELECT name, outcome FROM hosts").fetchall() == [
        ("h1", "failed"),
        ("h2", "failed"),
    ]
    database.close()
