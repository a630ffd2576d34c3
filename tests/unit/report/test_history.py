"""The runs on an inventory, as a table and as a document."""

from provision.journal import PastRun
from provision.model.run import Outcome
from provision.report.history import document, screen

from .test_plan import text

RUNS = [
    PastRun("20260822T111500Z-up", "up", None, 1787397300.0, None, None, {}),
    PastRun(
        "20260822T101500Z-up",
        "up",
        "gpu[0:3]",
        1787393700.4,
        1787393772.4,
        1,
        {Outcome.FAILED: 1, Outcome.CHANGED: 2},
    ),
]


def test_the_screen_has_a_row_a_run() -> None:
    rows = [line.split() for line in text(screen(RUNS)).splitlines()]
    assert rows == [
        ["run", "limit", "time", "exit", "hosts"],
        ["20260822T111500Z-up", "all", "not", "ended"],
        ["20260822T101500Z-up", "gpu[0:3]", "1", "min", "12", "s", "1", "2", "changed,", "1", "failed"],
    ]
    assert text(screen([])) == "No runs yet"


def test_the_document() -> None:
    assert document(RUNS) == {
        "schema": 1,
        "runs": [
            {
                "run": "20260822T111500Z-up",
                "command": "up",
                "limit": None,
                "started": "2026-08-22T11:15:00Z",
                "ended": None,
                "exit_code": None,
                "hosts": {},
            },
            {
                "run": "20260822T101500Z-up",
                "command": "up",
                "limit": "gpu[0:3]",
                "started": "2026-08-22T10:15:00Z",
                "ended": "2026-08-22T10:16:12Z",
                "exit_code": 1,
                "hosts": {"changed": 2, "failed": 1},
            },
        ],
    }
