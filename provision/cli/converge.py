"""What `provision up` does: ask, plan, get consent, run what differs, verify, report."""

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import click
from rich.console import Console

from provision.cli import INTERRUPTED
from provision.cli.errors import say_error
from provision.compat import warnings
from provision.errors import ProvisionError, RefusedError
from provision.journal.runs import open_journal
from provision.model.fleet import Fleet
from provision.model.plan import Disruption, Plan
from provision.model.run import HostRun, Outcome, Run
from provision.probe import prepare, probe
from provision.report import console, documents
from provision.report.progress import progress
from provision.report.up import document, show
from provision.up.converge import InterruptedRunError, Steps, Survey, Watcher, apply, survey

if TYPE_CHECKING:  # only hosts that were changed pay for what verifies them
    from provision.verify.report import HostReport

_ALWAYS_ASKED = frozenset({Disruption.REBOOT, Disruption.GPU_RESET, Disruption.MIG_DESTROY})


def converge(
    read: Callable[[], Fleet],
    roles: tuple[str, ...],
    *,
    full: bool,
    yes: bool,
    verified: bool,
    as_json: bool,
) -> int:
    """Do what `up` is asked for and return the exit code; `read` waits for the fleet."""
    prepare()
    steps, talk = _steps(), console.talk()
    fleet = read()
    with progress(talk) as watcher:
        found = survey(fleet, roles, full, steps, watcher)
    _refuse(found)
    for warning in warnings(fleet, found.probes):
        talk.print(f"warning: {warning.message}", style="yellow", soft_wrap=True, markup=False)
    if not yes and _on_terminal(talk):
        _ask(found.plan)
    with open_journal(fleet.inventory) as journal:
        run = Run(journal.begin("up", fleet.inventory, fleet.limit), found.unchanged())
        try:
            if found.plan.selection:
                with progress(talk) as watcher:
                    run = replace(run, hosts=apply(found, journal.directory(run.id), steps, watcher))
                    if verified:
                        run = replace(run, hosts=_verified(fleet, run, watcher))
        except KeyboardInterrupt as interrupt:
            if isinstance(interrupt, InterruptedRunError):
                run = replace(run, hosts=interrupt.hosts)
                _say_what_is_left(found.plan, run, talk)
            journal.end(run, INTERRUPTED)
            raise
        journal.end(run, run.exit_code)
    if as_json:
        click.echo(documents.dump(document(run)))
    else:
        show(run, console.data())
    return run.exit_code


def _say_what_is_left(plan: Plan, run: Run, talk: Console) -> None:
    with suppress(OSError):  # where the terminal was lost, it cannot be said
        for name in plan.selection:
            talk.print(f"{name}  {run.hosts[name].error}", soft_wrap=True, markup=False)
        talk.print("hint: run `up` again; it waits for what is still at work", soft_wrap=True, markup=False)


def _steps() -> Steps:
    from provision.compat import refusals
    from provision.plan import build
    from provision.runner import run_playbook

    return Steps(probe, refusals, build, run_playbook)


def _refuse(found: Survey) -> None:
    """Raise RefusedError if anything speaks against starting; all of it is told."""
    if not found.refusals:
        return
    *others, last = found.refusals
    for refusal in others:
        say_error(refusal.message, refusal.hint)
    raise RefusedError(last.message, hint=last.hint)


def _on_terminal(talk: Console) -> bool:
    return sys.stdin.isatty() and talk.is_terminal


def _ask(plan: Plan) -> None:
    """Ask for consent on the terminal. Raises RefusedError for a no.

    Whether a disruption is allowed at all is for the `<role>_allow_...` variables to say, with or without
    a terminal.
    """
    told = list(_disruptions(plan))
    if not told:
        return
    click.echo("This may disrupt:", err=True)
    for line in told:
        click.echo(f"  {line}", err=True)
    if not click.confirm("Go on?", err=True):
        raise RefusedError(
            "not confirmed; no host was touched", hint="`--yes` answers the question in advance"
        )


def _disruptions(plan: Plan) -> Iterator[str]:
    for name, host in plan.hosts.items():
        for role in host.selected:
            planned = host.roles[role]
            if planned.workloads or _ALWAYS_ASKED.intersection(planned.disruption):
                hit = f" (hits {', '.join(map(str, planned.workloads))})" if planned.workloads else ""
                yield f"{name}  {role}: {', '.join(planned.disruption).replace('_', ' ')}{hit}"


def _verified(fleet: Fleet, run: Run, watcher: Watcher) -> dict[str, HostRun]:
    """Return the outcomes after the checks: a changed host that fails one, or has none done, has failed."""
    from provision import verify

    changed = run.of(Outcome.CHANGED)
    if not changed:
        return dict(run.hosts)
    watcher.phase("Verifying", len(changed))
    try:
        reports = verify.run(fleet, changed).hosts
    except ProvisionError as error:
        ended = {name: _unproved(fleet, run, name, error.message) for name in changed}
    else:
        ended = {report.name: _proved(fleet, run, report) for report in reports}
    return dict(run.hosts) | ended


def _proved(fleet: Fleet, run: Run, report: "HostReport") -> HostRun:
    bad = [f"{check.id}: {check.detail}" for check in report.checks if check.outcome == "failed"]
    if bad:
        return _unproved(fleet, run, report.name, "; ".join(bad))
    return replace(run.hosts[report.name], verified=report.count("passed") > 0)


def _unproved(fleet: Fleet, run: Run, name: str, why: str) -> HostRun:
    return replace(
        run.hosts[name],
        outcome=Outcome.FAILED,
        error=f"provisioned, but not verified: {why}",
        hint=f"`provision verify -i {fleet.inventory} --limit {name}` shows the evidence",
    )
