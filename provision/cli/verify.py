"""`provision verify`: prove on every host that containers see the GPUs."""

import json
from pathlib import Path

import click

from provision.cli import options
from provision.cli.options import Selection
from provision.errors import UsageError

_FAILED = 1
_COLOURS = {"passed": "green", "failed": "red", "skipped": "yellow"}


@click.command(name="verify")
@options.selection
@options.as_json
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), help="Also write a JUnit file.")
@click.pass_context
def command(context: click.Context, selection: Selection, as_json: bool, junit: Path | None) -> None:
    """Prove on every host that containers see the GPUs.

    Starts short-lived containers on the hosts (`nvidia_container_toolkit_test_image`, pulled where it is
    missing) and changes nothing else. A failed check shows its evidence. Ends with 1 when a check failed.

    \b
    provision verify -i inventory/lab.ini
    provision verify -i inventory/lab.ini --limit hgx01 --junit report.xml
    """
    from provision import inventory
    from provision.verify import NO_GPU, Check, run

    if junit is not None and not junit.absolute().parent.is_dir():
        raise UsageError(f"no folder for `{junit}`", hint="create it, or name another place for the report")
    fleet = inventory.load(selection.inventory, selection.limit)
    width = max(len(name) for name in fleet.names)

    idle: set[str] = set()

    def show(check: Check) -> None:
        if (check.outcome, check.detail) == ("skipped", NO_GPU):
            if check.host not in idle:
                click.echo(f"{check.host:{width}}  skipped  {NO_GPU}", err=as_json)
            idle.add(check.host)
            return
        click.echo(f"{check.host:{width}}  ", nl=False, err=as_json)
        click.secho(f"{check.outcome:7}", fg=_COLOURS[check.outcome], nl=False, err=as_json)
        click.echo(f"  {check.id}" + (f": {check.detail}" if check.detail else ""), err=as_json)
        if check.evidence:
            click.echo("\n".join(f"    {line}" for line in check.evidence.splitlines()), err=as_json)

    report = run(fleet, junit=junit, on_check=show)
    if as_json:
        click.echo(json.dumps(report.document()))
    else:
        click.echo()
        for host in report.hosts:
            counts = ", ".join(f"{host.count(outcome)} {outcome}" for outcome in _COLOURS)
            click.echo(f"{host.name:{width}}  {counts}")
    if report.failed:
        context.exit(_FAILED)
