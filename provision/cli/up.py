"""`provision up`: takes hosts to a CUDA container that sees its GPUs, and proves it."""

import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from provision.cli import options
from provision.cli.errors import say_error
from provision.cli.options import Selection
from provision.errors import RefusedError

if TYPE_CHECKING:
    from rich.console import Console

    from provision.up import InterruptedRunError, Survey


@click.command(name="up")
@options.selection
@options.only
@click.option("--full", is_flag=True, help="Run every role, whatever the hosts say of their state.")
@options.yes
@click.option("--no-verify", is_flag=True, help="Do not prove the hosts that were changed.")
@options.as_json
def command(
    *, selection: Selection, roles: tuple[str, ...], full: bool, yes: bool, no_verify: bool, as_json: bool
) -> int:
    """Take hosts to a CUDA container that sees its GPUs, and prove it.

    Safe to run again: a host that is as declared is only asked, not touched.

    \b
    * Refuses unknown variables and drivers that do not fit the GPUs, before any host is touched
    * Asks every host how it stands and runs the roles that differ, on the hosts that differ
    * Installs the driver, Docker and the NVIDIA Container Toolkit at the declared versions
    * Reboots, restarts Docker under containers or resets GPUs only where `<role>_allow_...` says so
    * Asks again, then verifies the hosts that it changed, a real container included

    On a terminal it asks before it disrupts anything; --yes answers that question.

    \b
    provision up -i fleet.ini
    provision up -i fleet.ini --limit 'gpu:!hgx01' --only docker_engine
    """
    from provision.inventory import read_ahead

    read = read_ahead(selection.inventory, selection.limit, check=True)
    from provision import up
    from provision.report import console, documents
    from provision.report import up as report
    from provision.report.progress import progress

    up.prepare()
    effects, talk = options.effects(), console.talk()
    fleet = read()
    with progress(talk) as watcher:
        found = up.survey(fleet, roles, effects, watcher, full=full)
    _refuse(found)
    _warn(found, talk)
    if not yes and _on_terminal(talk):
        _ask(found)
    try:
        with progress(talk) as watcher:
            run = up.run(found, effects, watcher, verify=not no_verify)
    except up.InterruptedRunError as interrupt:
        _say_what_is_left(found, interrupt, talk)
        raise
    if as_json:
        click.echo(documents.dump(report.document(run)))
    else:
        report.show(run, console.data())
    return run.exit_code


def _refuse(found: "Survey") -> None:
    """Raise RefusedError if anything speaks against starting; all of it is told."""
    if not found.refusals:
        return
    *others, last = found.refusals
    for refusal in others:
        say_error(refusal.message, refusal.hint)
    raise RefusedError(last.message, hint=last.hint)


def _warn(found: "Survey", talk: "Console") -> None:
    from provision.compat import warnings

    for warning in warnings(found.fleet, found.probes):
        talk.print(f"warning: {warning.message}", style="yellow", soft_wrap=True, markup=False)


def _on_terminal(talk: "Console") -> bool:
    return sys.stdin.isatty() and talk.is_terminal


def _ask(found: "Survey") -> None:
    """Ask for consent on the terminal. Raises RefusedError for a no."""
    from provision.report import up as report
    from provision.up import to_ask

    told = [report.disruption(*each) for each in to_ask(found.plan)]
    if not told:
        return
    click.echo("This may disrupt:", err=True)
    for line in told:
        click.echo(f"  {line}", err=True)
    if not click.confirm("Go on?", err=True):
        raise RefusedError(
            "not confirmed; no host was touched", hint="`--yes` answers the question in advance"
        )


def _say_what_is_left(found: "Survey", interrupt: "InterruptedRunError", talk: "Console") -> None:
    with suppress(OSError):  # where the terminal was lost, it cannot be said
        for name in found.plan.selection:
            talk.print(f"{name}  {interrupt.hosts[name].error}", soft_wrap=True, markup=False)
        talk.print("hint: run `up` again; it waits for what is still at work", soft_wrap=True, markup=False)
