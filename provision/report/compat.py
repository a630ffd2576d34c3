"""Answers of `compat`, as tables and as documents: each reason with the row of data that decided."""

from datetime import date

from rich.table import Table
from rich.text import Text

from provision.compat import Answer, Matrix, Row, Verdict, ended

_MARKS = {
    Verdict.YES: Text("yes", "green"),
    Verdict.NO: Text("no", "red"),
    Verdict.WARNING: Text("beware", "yellow"),
    Verdict.INFO: Text(),
}


def document(found: Answer) -> dict[str, object]:
    """Return what `compat --json` prints for a question."""
    return {
        "schema": 1,
        "supported": found.supported,
        "gpu": found.gpu,
        "driver": found.driver and str(found.driver),
        "cuda": found.cuda and str(found.cuda),
        "reasons": [
            {"verdict": reason.verdict, "text": reason.text, "hint": reason.hint, "row": _row(reason.row)}
            for reason in found.reasons
        ],
    }


def branches_document(matrix: Matrix) -> dict[str, object]:
    """Return what `compat --json` prints without a question."""
    return {"schema": 1, "branches": [_row(row) for row in matrix.rows("branches")]}


def _row(row: Row) -> dict[str, object]:
    source = {"title": row.source.title, "url": row.source.url}
    return {"table": row.table, **row.values, "verified": row.verified, "note": row.note, "source": source}


def screen(found: Answer) -> Table:
    """Return the reasons for a person: the verdict, the row that says so, and where it was read."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for reason in found.reasons:
        table.add_row(_MARKS[reason.verdict], Text(reason.text))
        table.add_row("", Text(str(reason.row), "dim"))
        table.add_row("", Text(_cite(reason.row), "dim"))
    return table


def _cite(row: Row) -> str:
    doubt = "" if row.verified else "; not verified"
    return f"{row.source.title}, {row.source.url}{doubt}"


def branches(matrix: Matrix, today: date) -> Table:
    """Return the driver branches, those out of support dimmed."""
    table = Table(box=None, pad_edge=False)
    for heading in ("branch", "class", "newest seen", "support", "kernel modules", "GPUs"):
        table.add_column(heading)
    for row in matrix.rows("branches"):
        cells = (str(row["branch"]), row.get("class") or "?", row.get("newest") or "?", _support(row, today))
        flavours, fits = ", ".join(row["flavours"]), _architectures(matrix, row["branch"])
        table.add_row(*cells, flavours, fits, style="dim" if ended(row, today) else None)
    return table


def _support(row: Row, today: date) -> str:
    end = row.get("eol")
    if ended(row, today):
        return f"ended {end}" if end else "ended"
    return f"until {end}" if end else "not published"


def _architectures(matrix: Matrix, branch: int) -> str:
    fits = [
        row["architecture"]
        for row in matrix.rows("architectures")
        if (row.get("first") or 0) <= branch <= (row.get("last") or branch)
    ]
    return f"{fits[0]} to {fits[-1]}"
