"""What becomes of a host, from the plan before, the events and the plan after."""

from pathlib import Path

import pytest

from provision.model.observed import HostProbe
from provision.model.plan import HostPlan, Plan, RolePlan, State
from provision.model.run import HostRun, Outcome, RoleOutcome
from provision.plugins.module_utils.receipts import reasons
from provision.plugins.module_utils.receipts.reasons import Reason
from provision.runner.events import Event, Kind
from provision.up.settle import settle, settle_interrupted, settle_run
from provision.up.tally import Tally


def _reason(text: str) -> Reason:
    return Reason(reasons.Kind.UNKNOWN, "", text)


_LOG = str(Path("/runs/1/ansible.log"))
_ABSENT = RolePlan(State.ABSENT, (_reason("no receipt"),))
_CONVERGED = RolePlan(State.CONVERGED)
_BEFORE = {"driver": _ABSENT, "docker": _CONVERGED}
_AFTER = {"driver": _CONVERGED, "docker": _CONVERGED}


def _plan(host: HostPlan) -> Plan:
    return Plan({"h1": host})


def _tally(*events: Event, failures: int = 0, unreachable: int = 0, counted: bool = True) -> Tally:
    tally = Tally(clock=lambda: 0.0)
    for event in events:
        tally.add(event)
    if counted:
        tally.add(Event(Kind.STATS, stats={"h1": {"failures": failures, "unreachable": unreachable}}))
    return tally


def _settled(tally: Tally, after: HostPlan | None = None) -> HostRun:
    after = after or HostPlan("h1", _AFTER)
    return settle_run(_plan(HostPlan("h1", _BEFORE)), {}, tally, _plan(after), _LOG)["h1"]


@pytest.mark.parametrize(
    ("plan", "probe", "outcome", "error"),
    [
        (HostPlan("h1", {"driver": _CONVERGED}), None, Outcome.CONVERGED, None),
        (HostPlan("h1", skipped="no NVIDIA GPU"), None, Outcome.SKIPPED, None),
        (HostPlan("h1", error="no route"), HostProbe("h1", reachable=False), Outcome.UNREACHABLE, "no route"),
        (HostPlan("h1", error="no sudo"), HostProbe("h1", reachable=True), Outcome.FAILED, "no sudo"),
    ],
)
def test_hosts_that_run_nothing(
    plan: HostPlan, probe: HostProbe | None, outcome: Outcome, error: str | None
) -> None:
    host = settle(_plan(plan), {} if probe is None else {"h1": probe})["h1"]
    assert (host.outcome, host.error, host.reason) == (outcome, error, plan.skipped)


def test_a_role_that_changed_and_is_converged_is_a_change() -> None:
    host = _settled(_tally(Event(Kind.CHANGED, "h1", "driver", "t")))
    assert host.outcome is Outcome.CHANGED
    assert host.roles == {"driver": RoleOutcome.CHANGED, "docker": RoleOutcome.SKIPPED}


def test_a_role_that_had_nothing_to_change_leaves_the_host_converged() -> None:
    host = _settled(_tally(Event(Kind.OK, "h1", "driver", "t")))
    assert (host.outcome, host.roles["driver"]) == (Outcome.CONVERGED, RoleOutcome.OK)


def test_a_role_that_ran_and_is_not_converged_has_failed() -> None:
    left = {"driver": RolePlan(State.DRIFTED, (_reason("nvidia module not loaded"),)), "docker": _CONVERGED}
    host = _settled(_tally(Event(Kind.CHANGED, "h1", "driver", "t")), HostPlan("h1", left))
    assert host.outcome is Outcome.FAILED
    assert host.error == "ran and is still not converged: driver: nvidia module not loaded"
    assert host.roles["driver"] is RoleOutcome.FAILED


def test_a_role_that_another_one_undid_has_failed() -> None:
    left = {"driver": _CONVERGED, "docker": RolePlan(State.DRIFTED, (_reason("docker.service stopped"),))}
    host = _settled(_tally(Event(Kind.CHANGED, "h1", "driver", "t")), HostPlan("h1", left))
    assert host.outcome is Outcome.FAILED
    assert host.error == "is no longer converged: docker: docker.service stopped"
    assert host.roles == {"driver": RoleOutcome.CHANGED, "docker": RoleOutcome.FAILED}


def test_a_host_that_does_not_come_back_has_failed() -> None:
    host = _settled(
        _tally(Event(Kind.CHANGED, "h1", "driver", "t")), HostPlan("h1", error="timed out", hint="look")
    )
    assert (host.outcome, host.error) == (Outcome.FAILED, "the host did not answer after the run: timed out")
    assert host.hint == "look"


@pytest.mark.parametrize(
    ("stop", "outcome", "error", "hint"),
    [
        (
            Event(Kind.FAILED, "h1", "driver", "t", "no space left on device"),
            Outcome.FAILED,
            "no space left on device",
            f"`{_LOG}` has the details",
        ),
        (Event(Kind.FAILED, "h1", "driver", "t", "bad", hint="mend it"), Outcome.FAILED, "bad", "mend it"),
        (
            Event(Kind.REFUSED, "h1", "driver", "t", "a reboot is needed; set x"),
            Outcome.REFUSED,
            "a reboot is needed; set x",
            None,
        ),
        (
            Event(Kind.UNREACHABLE, "h1", None, "t", "no route"),
            Outcome.UNREACHABLE,
            "no route",
            f"`{_LOG}` has the details",
        ),
    ],
)
def test_a_failure_in_the_play_is_told(stop: Event, outcome: Outcome, error: str, hint: str | None) -> None:
    unreachable = int(stop.kind is Kind.UNREACHABLE)
    host = _settled(_tally(stop, failures=1 - unreachable, unreachable=unreachable))
    assert (host.outcome, host.error, host.hint) == (outcome, error, hint)


@pytest.mark.parametrize("events", [(), (Event(Kind.CHANGED, "h1", "driver", "t"),)])
def test_a_playbook_that_dies_fails_its_hosts(events: tuple[Event, ...]) -> None:
    host = _settled(_tally(*events, counted=False))
    assert host.outcome is Outcome.FAILED
    assert host.error == "the playbook ended before this host did"
    assert host.hint is not None and _LOG in host.hint


@pytest.mark.parametrize(
    ("tally", "error"),
    [
        (_tally(counted=False), "interrupted before it was begun"),
        (
            _tally(Event(Kind.TASK, "h1", "driver", "Install"), counted=False),
            "interrupted during `Install`, which ends by itself; nothing follows it",
        ),
        (_tally(Event(Kind.FAILED, "h1", "driver", "t", "no space"), counted=False), "no space"),
        (_tally(Event(Kind.CHANGED, "h1", "driver", "t")), "interrupted before it was asked again"),
    ],
)
def test_an_interrupted_run_is_settled_as_far_as_it_came(tally: Tally, error: str) -> None:
    host = settle_interrupted(_plan(HostPlan("h1", _BEFORE)), {}, tally)["h1"]
    assert (host.outcome, host.error) == (Outcome.FAILED, error)
