"""What check mode predicts."""

from collections.abc import Callable
from pathlib import Path

import pytest

from provision.errors import RunError
from provision.model.fleet import Fleet, Host
from provision.model.plan import HostPlan, Plan, RolePlan, State
from provision.runner import Event, Playbook, Result
from provision.runner.events import Kind
from provision.up.predict import Prediction, Predictions, Trouble, add, collect, predict, render

FLEET = Fleet(Path("fleet.ini"), None, (Host("a", (), {}), Host("b", (), {})))
PLAN = Plan(
    {
        "a": HostPlan(
            "a", {"docker_engine": RolePlan(State.DRIFTED), "nvidia_driver": RolePlan(State.CONVERGED)}
        ),
        "b": HostPlan("b", {"docker_engine": RolePlan(State.CONVERGED)}),
    }
)
DIFF = {"before_header": "/etc/a", "after_header": "/etc/a", "before": "x\n", "after": "y\n"}


class Runner:
    """Stands for ansible-playbook: remembers what was asked and tells what it is told to."""

    def __init__(self, *events: Event) -> None:
        self.events = events
        self.asked: list[Playbook] = []

    def __call__(self, playbook: Playbook, run_dir: Path, *, on_event: Callable[[Event], None]) -> Result:
        self.asked.append(playbook)
        (run_dir / "ansible.log").write_text("first\nERROR! last words\n")
        for event in self.events:
            on_event(event)
        return Result(0, 1.0, run_dir / "ansible.log")


def test_only_what_differs_is_run_and_in_check_mode() -> None:
    runner = Runner(
        Event(Kind.CHANGED, "a", "docker_engine", "Install", diff=(DIFF,)),
        Event(Kind.OK, "a", "docker_engine", "Other"),
        Event(Kind.STATS),
    )
    found = predict(FLEET, PLAN, runner)
    assert found.changes == (
        Prediction(
            "a", "docker_engine", "Install", ("/etc/a",), "--- /etc/a\n+++ /etc/a\n@@ -1 +1 @@\n-x\n+y"
        ),
    )
    (playbook,) = runner.asked
    assert (playbook.check, playbook.diff, playbook.hosts) == (True, True, ("a",))
    assert playbook.extra_vars == {"provision_selection": {"a": ["docker_engine"]}}


def test_nothing_is_run_when_nothing_differs() -> None:
    runner = Runner()
    plan = Plan({"b": PLAN.hosts["b"]})
    assert predict(FLEET, plan, runner) == Predictions((), ())
    assert runner.asked == []


def test_a_playbook_that_did_not_run_is_an_error() -> None:
    with pytest.raises(RunError, match="last words"):
        predict(FLEET, PLAN, Runner())


def test_hosts_that_stop_are_told() -> None:
    found = collect(
        [
            Event(Kind.FAILED, "a", "r", "t", message="no space", hint="make some"),
            Event(Kind.FAILED, "b", "r", "t", message="x", ignored=True),
            Event(Kind.REFUSED, "c", "r", "t", message="refused: a reboot"),
        ]
    )
    assert found.troubles == (Trouble("a", "no space", "make some"), Trouble("c", "a reboot", ""))
    hosts: dict[str, dict[str, object]] = {"a": {"error": None, "hint": None}, "d": {"error": None}}
    add(found, hosts)
    assert hosts["a"] == {"changes": [], "diff": [], "error": "no space", "hint": "make some"}
    assert hosts["d"] == {"changes": [], "diff": [], "error": None}


def test_changes_are_told_by_what_they_change() -> None:
    found = collect(
        [
            Event(Kind.CHANGED, "a", "r", "Configure", diff=(DIFF, {"after_header": "/etc/b"}, DIFF)),
            Event(Kind.CHANGED, "a", "r", "Restart"),
            Event(Kind.CHANGED, "a", None, "Not of a role"),
        ]
    )
    hosts: dict[str, dict[str, object]] = {"a": {}}
    add(found, hosts)
    assert hosts["a"]["changes"] == [["r", "/etc/a"], ["r", "/etc/b"], ["r", "Restart"]]


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
