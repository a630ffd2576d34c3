"""Events of a run, added up by host."""

from collections.abc import Iterator

import pytest

from provision.model.run import RoleOutcome
from provision.runner.events import Event, Kind
from provision.up.tally import Tally

_COUNT = {"failures": 0, "unreachable": 0}


def _tally(*events: Event) -> Tally:
    seconds: Iterator[int] = iter(range(100))
    tally = Tally(clock=lambda: float(next(seconds)))
    for event in events:
        tally.add(event)
    return tally


def _stats(**counts: int) -> Event:
    return Event(Kind.STATS, stats={"h1": {**_COUNT, **counts}})


@pytest.mark.parametrize(
    ("events", "roles"),
    [
        ([Event(Kind.OK, "h1", "a", "t"), Event(Kind.SKIPPED, "h1", "a", "t")], {"a": "ok"}),
        ([Event(Kind.CHANGED, "h1", "a", "t"), Event(Kind.OK, "h1", "a", "t")], {"a": "changed"}),
        ([Event(Kind.CHANGED, "h1", "a", "t"), Event(Kind.OK, "h1", "b", "t")], {"a": "changed", "b": "ok"}),
        ([Event(Kind.OK, "h1", None, "t")], {}),
        (
            [Event(Kind.CHANGED, "h1", "a", "t"), Event(Kind.FAILED, "h1", "a", "t", ignored=True)],
            {"a": "changed"},
        ),
    ],
)
def test_roles_of_a_host_that_went_through(events: list[Event], roles: dict[str, RoleOutcome]) -> None:
    host = _tally(*events, _stats()).hosts["h1"]
    assert (host.roles, host.stopped, host.finished) == (roles, None, True)


@pytest.mark.parametrize("kind", [Kind.FAILED, Kind.REFUSED, Kind.UNREACHABLE])
def test_what_stops_a_host_fails_its_role(kind: Kind) -> None:
    stop = Event(kind, "h1", "b", "t", "no space left")
    counts = {"unreachable": 1} if kind is Kind.UNREACHABLE else {"failures": 1}
    host = _tally(Event(Kind.CHANGED, "h1", "a", "t"), stop, _stats(**counts)).hosts["h1"]
    assert host.stopped == stop
    assert host.roles == {"a": RoleOutcome.CHANGED, "b": RoleOutcome.FAILED}


def test_a_rescued_failure_has_not_stopped_the_host() -> None:
    host = _tally(Event(Kind.FAILED, "h1", "a", "t"), Event(Kind.CHANGED, "h1", "a", "u"), _stats()).hosts[
        "h1"
    ]
    assert (host.stopped, host.roles) == (None, {"a": RoleOutcome.CHANGED})


def test_a_host_without_a_count_has_not_finished() -> None:
    tally = _tally(Event(Kind.OK, "h1", "a", "t"), Event(Kind.OK, "h2", "a", "t"), _stats())
    assert [host.finished for host in tally.hosts.values()] == [True, False]


def test_time_is_from_the_first_event_of_a_host_to_its_last() -> None:
    tally = _tally(
        Event(Kind.TASK, "h1", "a", "t"), Event(Kind.OK, "h2", "a", "t"), Event(Kind.OK, "h1", "a", "t")
    )
    assert tally.hosts["h1"].seconds == 2


def test_what_was_changed_is_remembered_once_and_by_role() -> None:
    change = Event(Kind.CHANGED, "h1", "a", "Write it", diff=({"after_header": "/etc/a"},))
    host = _tally(change, change, Event(Kind.CHANGED, "h1", "b", "Do it"), _stats()).hosts["h1"]
    assert list(host.changes) == [("a", "/etc/a"), ("b", "Do it")]
