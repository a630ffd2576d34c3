"""One run from its beginning in the journal to its end."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from provision.model.fleet import Fleet
from provision.model.run import Outcome, Run
from provision.runner import Event
from provision.runner.events import Kind
from provision.up.apply import InterruptedRunError
from provision.up.run import run
from provision.up.survey import survey
from provision.up.watcher import Watcher
from provision.verify import Check
from tests.unit.hosts import host
from tests.unit.up.fake_hosts import FakeHosts, converged


def _run(folder: Path, hosts: FakeHosts, *, verify: bool = True) -> Run:
    fleet = Fleet(folder / "fleet.ini", None, (host("h1"), host("h2")))
    found = survey(fleet, ("nvidia_driver",), hosts)
    return run(found, hosts, Watcher(), verify=verify)


def _journal(folder: Path, query: str) -> list[tuple[object, ...]]:
    database = sqlite3.connect(folder / ".provision" / "journal.sqlite")
    try:
        return database.execute(query).fetchall()
    finally:
        database.close()


def test_a_run_is_applied_proved_and_recorded(tmp_path: Path) -> None:
    hosts = FakeHosts()
    done = _run(tmp_path, hosts)
    assert {host.outcome for host in done.hosts.values()} == {Outcome.CHANGED}
    assert hosts.verified == [("h1", "h2")]
    assert _journal(tmp_path, "SELECT id, exit_code FROM runs") == [(done.id, 0)]
    assert _journal(tmp_path, "SELECT name, outcome FROM hosts") == [("h1", "changed"), ("h2", "changed")]


def test_where_nothing_differs_nothing_is_run_and_that_is_recorded(tmp_path: Path) -> None:
    hosts = FakeHosts(answers=converged)
    done = _run(tmp_path, hosts)
    assert {host.outcome for host in done.hosts.values()} == {Outcome.CONVERGED}
    assert (hosts.ran, hosts.verified) == ([], [])
    assert _journal(tmp_path, "SELECT outcome FROM hosts") == [("converged",), ("converged",)]


def test_without_verify_nothing_is_verified(tmp_path: Path) -> None:
    hosts = FakeHosts()
    assert _run(tmp_path, hosts, verify=False).exit_code == 0
    assert hosts.verified == []


def test_an_interrupt_of_the_playbook_is_recorded_with_what_is_known(tmp_path: Path) -> None:
    def events(name: str) -> Iterator[Event]:
        yield Event(Kind.TASK, name, "nvidia_driver", "Install the driver")
        raise KeyboardInterrupt

    with pytest.raises(InterruptedRunError) as caught:
        _run(tmp_path, FakeHosts(events=events))
    assert "interrupted during `Install the driver`" in (caught.value.hosts["h1"].error or "")
    assert _journal(tmp_path, "SELECT exit_code, ended > 0 FROM runs") == [(130, 1)]
    assert _journal(tmp_path, "SELECT name, outcome FROM hosts") == [("h1", "failed"), ("h2", "failed")]


def test_an_interrupt_of_the_checks_keeps_what_was_done(tmp_path: Path) -> None:
    def checks(_: str) -> list[Check]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _run(tmp_path, FakeHosts(checks=checks))
    assert _journal(tmp_path, "SELECT exit_code FROM runs") == [(130,)]
    assert _journal(tmp_path, "SELECT outcome FROM hosts") == [("changed",), ("changed",)]
