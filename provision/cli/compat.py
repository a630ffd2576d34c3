"""`provision compat`: which driver, CUDA and GPU fit together, and the row that says so."""

import json
from datetime import date

import click
from rich.console import Console
from rich.table import Table

from provision.cli import options
from provision.compat import Answer, answer
from provision.compat.matrix import Matrix, Row, ended, load
from provision.compat.rules import Verdict
from provision.errors import RefusedError

_MARKS = {
    Verdict.YES: "[green]yes[/]",
    Verdict.NO: "[red]no[/]",
    Verdict.WARNING: "[yellow]beware[/]",
    Verdict.INFO: "",
}


@click.command(name="compat")
@click.option("--gpu", metavar="NAME|PCI", help="A GPU: `H100`, `A100 SXM4 40GB` or `10de:2330`.")
@click.option("--driver", metavar="VERSION", help="A driver: a branch, `580`, or a version, `580.95.05`.")
@click.option("--cuda", metavar="VERSION", help="A CUDA toolkit: `12.8`.")
@options.as_json
def command(gpu: str | None, driver: str | None, cuda: str | None, as_json: bool) -> None:
    """Answer which driver, CUDA and GPU fit together, with the row of data that decided and its source.

    Changes nothing and asks no host. Without options it lists the driver branches. Ends with 3 when the
    combination asked for is not supported, with 2 for a GPU, driver or toolkit that nobody knows.

    \b
    provision compat --gpu B200
    provision compat --gpu V100 --driver 595
    provision compat --driver 580 --cuda 13.0
    """
    console = Console()
    if gpu is None and driver is None and cuda is None:
        if as_json:
            click.echo(json.dumps({"schema": 1, "branches": [_row(row) for row in load().rows("branches")]}))
        else:
            console.print(_branches(load()))
        return
    found = answer(gpu, driver, cuda)
    if as_json:
        click.echo(json.dumps(_document(found)))
    else:
        console.print(_table(found))
    if not found.supported:
        refused = [reason for reason in found.reasons if reason.verdict is Verdict.NO]
        raise RefusedError(refused[0].text, hint=refused[0].hint)


def _table(found: Answer) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for reason in found.reasons:
        table.add_row(_MARKS[reason.verdict], reason.text)
        table.add_row("", f"[dim]{reason.row}[/]")
        table.add_row("", f"[dim]{_cite(reason.row)}[/]")
    return table


def _branches(matrix: Matrix) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("branch", "class", "newest seen", "support", "kernel modules", "GPUs"):
        table.add_column(heading)
    for row in matrix.rows("branches"):
        style = "dim" if ended(row, date.today()) else None
        cells = (str(row["branch"]), row.get("class") or "?", row.get("newest") or "?", _support(row))
        table.add_row(*cells, ", ".join(row["flavours"]), _architectures(matrix, row["branch"]), style=style)
    return table


def _support(row: Row) -> str:
    end = row.get("eol")
    if ended(row, date.today()):
        return f"ended {end}" if end else "ended"
    return f"until {end}" if end else "not published"


def _architectures(matrix: Matrix, branch: int) -> str:
    fits = [
        row["architecture"]
        for row in matrix.rows("architectures")
        if (row.get("first") or 0) <= branch <= (row.get("last") or branch)
    ]
    return f"{fits[0]} to {fits[-1]}"


def _cite(row: Row) -> str:
    doubt = "" if row.verified else "; not verified"
    return f"{row.source.title}, {row.source.url}{doubt}"


def _document(found: Answer) -> dict[str, object]:
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


def _row(row: Row) -> dict[str, object]:
    source = {"title": row.source.title, "url": row.source.url}
    return {"table": row.table, **row.values, "verified": row.verified, "note": row.note, "source": source}
