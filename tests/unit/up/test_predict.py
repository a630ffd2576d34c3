"""What check mode predicts."""

from collections.abc import Callable
from pathlib import Path

import pytest

from provision.errors import RunError
from provision.model.fleet import Fleet
from provision.model.plan import Prediction, Predictions, Trouble
from provision.runner import Event, Playbook, Result
from provision.runner.events import Kind
from provision.up.predict import collect, predict, render
from provision.up.survey import Survey, survey
from tests.unit.hosts import host
from tests.unit.up.fake_hosts import FakeHosts, converged

DIFF = {"before_header": "/etc/a", "after_header": "/etc/a", "before": "x\n", "after": "y\n"}


def surveyed(hosts: FakeHosts) -> Survey:
    fleet = Fleet(Path("fleet.ini"), None, (host("a"), host("b")))
    return survey(fleet, ("nvidia_driver", "docker_engine"), hosts)


def test_only_what_differs_is_run_and_in_check_mode() -> None:
    hosts = FakeHosts(
        answers=lambda name: converged(name, *(["docker_engine"] if name == "a" else [])),
        events=lambda name: [
            Event(Kind.CHANGED, name, "docker_engine", "Install", diff=(DIFF,)),
            Event(Kind.OK, name, "docker_engine", "Other"),
        ],
    )
    found = surveyed(hosts)
    plan = predict(found, hosts)
    assert plan.hosts == found.plan.hosts
    assert plan.predictions == Predictions(
        (
            Prediction(
                "a", "docker_engine", "Install", ("/etc/a",), "--- /etc/a\n+++ /etc/a\n@@ -1 +1 @@\n-x\n+y"
            ),
        ),
        (),
    )
    (playbook,) = hosts.ran
    assert (playbook.check, playbook.diff, playbook.hosts) == (True, True, ("a",))
    assert playbook.extra_vars == {"provision_selection": {"a": ["docker_engine"]}}


def test_nothing_is_run_when_nothing_differs() -> None:
    hosts = FakeHosts(answers=converged)
    assert predict(surveyed(hosts), hosts).predictions == Predictions((), ())
    assert hosts.ran == []


def test_a_playbook_that_did_not_run_is_an_error() -> None:
    class Broken(FakeHosts):
        def run_playbook(
            self,
            playbook: Playbook,  # noqa: ARG002
            run_dir: Path,
            *,
            on_event: Callable[[Event], None],  # noqa: ARG002 - it ends before there is an event
        ) -> Result:
            log = run_dir / "ansible.log"
            log.write_text("first\nERROR! last words\n")
            return Result(1, 1.0, log)

    hosts = Broken()
    with pytest.raises(RunError, match="last words"):
        predict(surveyed(hosts), hosts)


def test_hosts_that_stop_are_told() -> None:
    found = collect(
        [
            Event(Kind.FAILED, "a", "r", "t", message="no space", hint="make some"),
            Event(Kind.FAILED, "b", "r", "t", message="x", ignored=True),
            Event(Kind.REFUSED, "c", "r", "t", message="a reboot"),
        ]
    )
    assert found.troubles == (Trouble("a", "no space", "make some"), Trouble("c", "a reboot", ""))


def test_changes_are_told_by_what_they_change() -> None:
    found = collect(
        [
            Event(Kind.CHANGED, "a", "r", "Configure", diff=(DIFF, {"after_header": "/etc/b"}, DIFF)),
            Event(Kind.CHANGED, "a", "r", "Restart"),
            Event(Kind.CHANGED, "a", None, "Not of a role"),
        ]
    )
    assert [change.subjects for change in found.changes] == [("/etc/a", "/etc/b"), ("Restart",)]


@pytest.mark.parametrize(
    ("diff", "text"),
    [
        ({"prepared": "+ nvidia-open 580.95.05"}, "+ nvidia-open 580.95.05"),
        ({"before": "", "after": "a\n"}, "--- before\n+++ after\n@@ -0,0 +1 @@\n+a"),
        (
            {"before": {"a": 1}, "after": {"a": 2}},
            '--- before\n+++ after\n@@ -1,3 +1,3 @@\n {\n-  "a": 1\n+  "a": 2\n }',
        ),
        ({"before": "a", "after": "a"}, ""),
        ({}, ""),
    ],
)
def test_ansibles_diffs_are_rendered(diff: dict[str, object], text: str) -> None:
    assert render((diff,)) == text
