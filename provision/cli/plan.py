"""`provision plan`: what `up` would change, and why."""

import click

from provision.cli import options
from provision.cli.options import Selection


@click.command(name="plan")
@options.selection
@options.only
@click.option("--diff", is_flag=True, help="Also show each file and package that would change.")
@options.as_json
@click.option("--exit-code", is_flag=True, help="Exit with 4 where something would change.")
def command(selection: Selection, roles: tuple[str, ...], diff: bool, as_json: bool, exit_code: bool) -> int:
    """Show what `up` would change and why; change nothing.

    Asks every host once, over SSH. --diff also runs the roles that differ in check mode, which takes longer.

    \b
    provision plan -i fleet.ini
    provision plan -i fleet.ini --limit gpu --diff
    provision plan -i fleet.ini --exit-code
    """
    from provision.inventory import read_ahead

    read = read_ahead(selection.inventory, selection.limit, check=True)
    from provision import up
    from provision.report import console, documents
    from provision.report import diff as diffs
    from provision.report import plan as report

    up.prepare()
    effects = options.effects()
    found = up.survey(read(), roles, effects)
    plan = up.predict(found, effects) if diff else found.plan
    if as_json:
        click.echo(documents.dump(report.document(plan)))
    else:
        if plan.predictions is not None:
            console.data().print(diffs.screen(plan.predictions))
        console.data().print(report.screen(plan))
    return plan.exit_code or (4 if exit_code and plan.selection else 0)
