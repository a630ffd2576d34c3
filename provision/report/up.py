"""The end of a run: on a screen one row a host, then what went wrong, then one line for all; as a document."""

from collections import Counter

from rich.console import Console
from rich.table import Table
from rich.text import Text

from provision.model.plan import RolePlan
from provision.model.run import HostRun, Outcome, RoleOutcome, Run
from provision.report import words
from provision.report.durations import duration

_STYLES = {
    Outcome.CONVERGED: "green",
    Outcome.CHANGED: "yellow",
    Outcome.SKIPPED: "dim",
    Outcome.REFUSED: "red",
    Outcome.FAILED: "bold red",
    Outcome.UNREACHABLE: "bold red",
}


def document(run: Run) -> dict[str, object]:
    """Return what `up --json` prints."""
    hosts = {name: _host_document(host) for name, host in run.hosts.items()}
    return {"schema": 1, "run": run.id, "hosts": hosts}


def _host_document(host: HostRun) -> dict[str, object]:
    found: dict[str, object] = {
        "outcome": host.outcome,
        "roles": dict(host.roles),
        "error": host.error,
        "seconds": round(host.seconds, 1),
    }
    if host.hint is not None:
        found["hint"] = host.hint
    if host.reason is not None:
        found["reason"] = host.reason
    if host.changes:
        found["changes"] = [list(change) for change in host.changes]
    if host.verified:
        found["verified"] = True
    return found


def disruption(host: str, role: str, planned: RolePlan) -> str:
    """Return the line that asks for consent: what a role may disrupt on a host, and whom that hits."""
    hit = f" (hits {', '.join(map(str, planned.workloads))})" if planned.workloads else ""
    return f"{host}  {role}: {', '.join(planned.disruption).replace('_', ' ')}{hit}"


def show(run: Run, console: Console) -> None:
    """Print the whole screen of a run."""
    console.print(_table(run))
    for name, host in run.hosts.items():
        if host.error is not None:
            # Not folded where nobody looks: a message stays one line in a log.
            text = words.trouble(f"{name} {host.outcome}", host.error, host.hint, _STYLES[host.outcome])
            console.print(Text("\n").append_text(text), soft_wrap=not console.is_terminal)
    console.print()
    console.print(Text(headline(run), style="bold"), soft_wrap=True)


def headline(run: Run) -> str:
    """Return the run in one line."""
    counts = Counter(host.outcome for host in run.hosts.values())
    if set(counts) <= {Outcome.CONVERGED, Outcome.SKIPPED}:
        return f"{words.NO_CHANGES} ({_tally(counts)})"
    proved = " (verified)" if any(host.verified for host in run.hosts.values()) else ""
    return f"{words.hosts(len(run.hosts))}: {_tally(counts, proved)}"


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
        table.add_row(Text(name), Text(host.outcome, _STYLES[host.outcome]), Text(_done(host)), time)
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
