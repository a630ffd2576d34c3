"""One line of the callback, as a value, and the one-line reason of a failure."""

import json

import pytest

from provision.errors import RunError
from provision.runner.events import Event, Kind, parse


def test_parse_keeps_what_the_callback_told() -> None:
    line = {
        "event": "failed",
        "host": "h1",
        "role": "docker_engine",
        "task": "configure | Merge",
        "msg": "daemon.json is malformed",
        "hint": "mend line 3",
        "ignored": True,
        "diff": [{"before": "a", "after": "b"}],
    }
    assert parse(json.dumps(line)) == Event(
        Kind.FAILED,
        "h1",
        "docker_engine",
        "configure | Merge",
        "daemon.json is malformed",
        "mend line 3",
        ignored=True,
        diff=({"before": "a", "after": "b"},),
    )


def test_parse_stats() -> None:
    event = parse('{"event": "stats", "hosts": {"h1": {"failures": 1}}}')
    assert (event.kind, event.stats) == (Kind.STATS, {"h1": {"failures": 1}})


@pytest.mark.parametrize("line", ["", "no json", "[]", '{"event": "party"}', '{"host": "h1"}'])
def test_parse_refuses_other_lines(line: str) -> None:
    with pytest.raises(RunError, match="unintelligible"):
        parse(line)


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (Event(Kind.FAILED, task="T", message="no space left on device."), "no space left on device"),
        (Event(Kind.REFUSED, task="T", message="a reboot is needed"), "a reboot is needed"),
        (
            Event(Kind.FAILED, task="T", message="\nValidation of arguments failed:\nx is wrong"),
            "Validation of arguments failed:",
        ),
        (
            Event(Kind.FAILED, task="T", message="non-zero return code", stderr="a\nE: held\n\n"),
            "task `T`: E: held",
        ),
        (Event(Kind.FAILED, task="T", message="non-zero return code"), "task `T`: non-zero return code"),
        (
            Event(Kind.UNREACHABLE, task="T", message="Task failed: Timeout (12s) waiting for a prompt:\n"),
            "task `T`: Timeout (12s) waiting for a prompt",
        ),
        (
            Event(Kind.FAILED, task="T", message="Task failed: Module failed: [Errno 30] Read-only: '/x'"),
            "task `T`: [Errno 30] Read-only: '/x'",
        ),
        (
            Event(Kind.FAILED, task="T", message="Task failed: non-zero return code", stderr="E: held\n"),
            "task `T`: E: held",
        ),
        (Event(Kind.FAILED, task="T"), "task `T` failed and gave no reason"),
    ],
)
def test_reason_is_one_line(event: Event, reason: str) -> None:
    assert event.reason == reason
