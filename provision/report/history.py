"""The runs on an inventory, as a table and as a document."""

from collections.abc import Sequence
from datetime import UTC, datetime

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from provision.journal import PastRun
from provision.model.run import Outcome
from provision.report.durations import duration


def document(runs: Sequence[PastRun]) -> dict[str, object]:
    """Return what `history --json` prints; times are in UTC."""
    return {
        "schema": 1,
        "runs": [
            {
                "run": run.id,
                "command": run.command,
                "limit": run.limit,
                "started": _moment(run.started),
                "ended": None if run.ended is None else _moment(run.ended),
                "exit_code": run.exit_code,
                "hosts": {outcome: run.outcomes[outcome] for outcome in Outcome if outcome in run.outcomes},
            }
            for run in runs
        ],
    }


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def screen(runs: Sequence[PastRun]) -> RenderableType:
    """Return a row a run: its id, its hosts, how long it took, how it ended."""
    if not runs:
        return Text("No runs yet")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("run", no_wrap=True, style="bold")
    table.add_column("limit")
    table.add_column("time", no_wrap=True, justify="right")
    table.add_column("exit", no_wrap=True, justify="right")
    table.add_column("hosts")
    for run in runs:
        took = "" if run.ended is None else duration(run.ended - run.started)
        told = ", ".join(f"{run.outcomes[each]} {each}" for each in Outcome if each in run.outcomes)
        ended = "" if run.exit_code is None else str(run.exit_code)
        table.add_row(run.id, Text(run.limit or "all"), took, ended, told or "not ended")
    return table
