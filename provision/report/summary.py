"""The end of a run on one screen: one row a host, then what went wrong, then one line for all."""

from collections import Counter

from rich.console import Console
from rich.table import Table
from rich.text import Text

from provision.model.run import HostRun, Outcome, RoleOutcome, Run
from provision.report.durations import duration

_STYLES = {
    Outcome.CONVERGED: "green",
    Outcome.CHANGED: "yellow",
    Outcome.SKIPPED: "dim",
    Outcome.REFUSED: "red",
    Outcome.FAILED: "bold red",
    Outcome.UNREACHABLE: "bold red",
}

NOTHING = "No changes. The fleet matches the inventory"


def show(run: Run, console: Console) -> None:
    """Print the whole screen of a run."""
    console.print(_table(run))
    for name, host in run.hosts.items():
        if host.error is not None:
            # Not folded where nobody looks: a message stays one line in a log.
            console.print(_trouble(name, host), soft_wrap=not console.is_terminal)
    console.print()
    console.print(Text(headline(run), style="bold"), soft_wrap=True)


def headline(run: Run) -> str:
    """Return the run in one line."""
    counts = Counter(host.outcome for host in run.hosts.values())
    if set(counts) <= {Outcome.CONVERGED, Outcome.SKIPPED}:
        return f"{NOTHING} ({_tally(counts)})"
    proved = " (verified)" if any(host.verified for host in run.hosts.values()) else ""
    return f"{len(run.hosts)} {'host' if len(run.hosts) == 1 else 'hosts'}: {_tally(counts, proved)}"


def _tally(counts: Counter[Outcome], proved: str = "") -> str:
    told = {outcome: str(outcome) for outcome in Outcome} | {Outcome.CHANGED: f"{Outcome.CHANGED}{proved}"}
    return ", ".join(f"{counts[outcome]} {word}" for outcome, word in told.items() if counts[outcome])


def _table(run: Run) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("host", no_wrap=True, style="bold")
    table.add_column("outcome", no_wrap=True)
    table.add_column("what was done", overflow="fold")
    table.add_column("time", no_wrap=True, justify="right")
    for name, host in run.hosts.items():
        time = duration(host.seconds) if host.seconds else ""
        table.add_row(name, Text(host.outcome, _STYLES[host.outcome]), Text(_done(host)), time)
    return table


def _done(host: HostRun) -> str:
    if host.reason is not None:
        return host.reason
    by_outcome: dict[RoleOutcome, list[str]] = {}
    for role, outcome in host.roles.items():
        by_outcome.setdefault(outcome, []).append(role)
    told = [RoleOutcome.CHANGED, RoleOutcome.FAILED, RoleOutcome.OK]
    return "; ".join(
        f"{outcome}: {', '.join(by_outcome[outcome])}" for outcome in told if outcome in by_outcome
    )


def _trouble(name: str, host: HostRun) -> Text:
    text = Text.assemble("\n", (f"{name} {host.outcome}: ", _STYLES[host.outcome]), host.error or "")
    if host.hint:
        text.append("\nhint: ", style="cyan").append(host.hint)
    return text
