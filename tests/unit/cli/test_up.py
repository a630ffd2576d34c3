# ruff: noqa: PLR0917 - pytest passes them by name
"""`provision up` from the command line: bad input, consent, outcomes; with hosts that answer from a table."""

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from provision import cli
from provision.cli import up
from provision.model.observed import Gpu, HostProbe, Observed, Workload
from provision.runner import Event
from provision.runner.events import Kind
from provision.verify import Check
from tests.unit.up.fake_hosts import BARE, FakeHosts, converged

V100 = Gpu("0000:3b:00.0", "10de:1db6")


@pytest.fixture
def hosts() -> FakeHosts:
    return FakeHosts()


@pytest.fixture(autouse=True)
def inventory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PROVISION_INVENTORY", raising=False)
    (tmp_path / "fleet.ini").write_text("[gpu]\nh1\nh2\n")
    return tmp_path / "fleet.ini"


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
    hosts: FakeHosts,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if text:
        inventory.write_text(text)
    assert cli.run(arguments, hosts) == 2
    said = capsys.readouterr()
    first, second = said.err.splitlines()
    assert re.match(f"error: {error}", first)
    assert second.startswith("hint: ") and hint in second
    assert (said.out, hosts.asked, hosts.ran) == ("", [], [])
    assert not (inventory.parent / ".provision").exists()


def test_an_unsupported_fleet_is_refused_before_it_is_touched(
    hosts: FakeHosts, inventory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def odd(name: str) -> HostProbe:
        systems = {"h1": replace(BARE, gpus=(V100,)), "h2": replace(BARE, os="Debian 9", major="9")}
        return HostProbe(name, reachable=True, observed=systems[name])

    hosts.answers = odd
    inventory.write_text("[gpu]\nh1\nh2\n[gpu:vars]\nnvidia_driver_version=595\n")
    assert cli.run(["up", "-i", "fleet.ini", "--json"], hosts) == 3
    said = capsys.readouterr()
    assert said.out == ""
    first, second, *_ = [line for line in said.err.splitlines() if line.startswith(("error: ", "hint: "))]
    assert first.startswith("error: driver 595") and "on h1" in first
    assert second.startswith("hint: ") and "nvidia_driver_version" in second
    assert "error: Debian 9 on h2 is not supported" in said.err
    assert hosts.ran == []
    assert not (inventory.parent / ".provision").exists()


def test_json_is_all_there_is_on_stdout(
    hosts: FakeHosts, inventory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["up", "-i", "fleet.ini", "--json"], hosts) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == 1
    assert (inventory.parent / ".provision" / "journal.sqlite").exists()
    assert document["hosts"]["h1"]["outcome"] == "changed"
    assert set(document["hosts"]["h1"]) == {"outcome", "roles", "error", "seconds", "changes"}
    assert hosts.verified == [("h1", "h2")]


def test_nothing_to_do_runs_nothing(hosts: FakeHosts, capsys: pytest.CaptureFixture[str]) -> None:
    hosts.answers = converged
    assert cli.run(["up", "-i", "fleet.ini"], hosts) == 0
    assert "No changes. The fleet matches the inventory" in capsys.readouterr().out
    assert (hosts.ran, hosts.verified) == ([], [])


def test_one_failing_host_hides_no_other(hosts: FakeHosts, capsys: pytest.CaptureFixture[str]) -> None:
    hosts.events = lambda name: [
        Event(
            Kind.FAILED if name == "h1" else Kind.CHANGED, name, "nvidia_driver", "install", "no space left"
        )
    ]
    assert cli.run(["up", "-i", "fleet.ini"], hosts) == 1
    out = capsys.readouterr().out
    assert "h1 failed: no space left" in out
    assert "2 hosts: 1 changed, 1 failed" in out


def test_a_refused_disruption_ends_with_three(hosts: FakeHosts, capsys: pytest.CaptureFixture[str]) -> None:
    message = "a reboot is needed; set `nvidia_driver_allow_reboot: true`"
    hosts.events = lambda name: [Event(Kind.REFUSED, name, "nvidia_driver", "reboot", message)]
    assert cli.run(["up", "-i", "fleet.ini", "--no-verify"], hosts) == 3
    assert "h1 refused: a reboot is needed; set `nvidia_driver_allow_reboot: true`" in capsys.readouterr().out


def test_a_changed_host_that_fails_a_check_has_failed(
    hosts: FakeHosts, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = [Check("h2", "container_sees_gpus", "failed", "7 of 8")]
    hosts.checks = lambda name: bad if name == "h2" else []
    assert cli.run(["up", "-i", "fleet.ini", "--json"], hosts) == 1
    found = json.loads(capsys.readouterr().out)["hosts"]
    assert (found["h1"]["outcome"], found["h2"]["outcome"]) == ("changed", "failed")
    assert found["h2"]["error"] == "provisioned, but not verified: container_sees_gpus: 7 of 8"


def test_a_changed_host_that_passes_its_checks_is_verified(
    hosts: FakeHosts, capsys: pytest.CaptureFixture[str]
) -> None:
    hosts.checks = lambda name: [Check(name, "container_sees_gpus", "passed", "")]
    assert cli.run(["up", "-i", "fleet.ini"], hosts) == 0
    assert "2 hosts: 2 changed (verified)" in capsys.readouterr().out
    hosts.ran.clear()
    assert cli.run(["up", "-i", "fleet.ini", "--no-verify"], hosts) == 0
    assert "2 hosts: 2 changed\n" in capsys.readouterr().out


def observed(seen: Observed) -> Callable[[str], HostProbe]:
    return lambda name: HostProbe(name, reachable=True, observed=seen)


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
    hosts: FakeHosts,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    work = (Workload("container", "train-1"),)
    hosts.answers = observed(replace(BARE, nouveau_loaded=True, workloads=work))
    monkeypatch.setattr(up, "_on_terminal", lambda _console: terminal)
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _prompt: answer and answer.strip())
    assert cli.run(["up", "-i", "fleet.ini", *options], hosts) == code
    assert bool(hosts.ran) is ran
    asked = "h1  nvidia_driver: reboot (hits container train-1)" in capsys.readouterr().err
    assert asked is (answer is not None)


def test_a_terminal_is_not_asked_about_what_disturbs_nobody(
    hosts: FakeHosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts.answers = observed(replace(BARE, docker="28.5.1", docker_running=True))
    monkeypatch.setattr(up, "_on_terminal", lambda _console: True)
    assert cli.run(["up", "-i", "fleet.ini"], hosts) == 0


def test_the_inventory_may_come_from_the_environment(
    hosts: FakeHosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROVISION_INVENTORY", "fleet.ini")
    assert cli.run(["up"], hosts) == 0


def test_an_interrupt_ends_with_130(capsys: pytest.CaptureFixture[str]) -> None:
    def answers(_: str) -> HostProbe:
        raise KeyboardInterrupt

    assert cli.run(["up", "-i", "fleet.ini"], FakeHosts(answers)) == 130
    assert capsys.readouterr().err.endswith("interrupted\n")


def test_an_interrupted_run_says_what_is_left_and_is_recorded(
    inventory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def events(name: str) -> Iterator[Event]:
        yield Event(Kind.TASK, name, "nvidia_driver", "Install the driver")
        raise KeyboardInterrupt

    assert cli.run(["up", "-i", "fleet.ini", "--json"], FakeHosts(events=events)) == 130
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
