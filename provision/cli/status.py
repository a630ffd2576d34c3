"""`provision status`: how every host stands."""

import click

from provision import content
from provision.cli import options
from provision.cli.options import Selection


@click.command(name="status")
@options.selection
@options.as_json
def command(selection: Selection, as_json: bool) -> None:
    """Show the state of every host on one screen; change nothing.

    Asks every host once, over SSH. A host that cannot be reached is listed with the reason, and the others
    are shown all the same.

    \b
    provision status -i fleet.ini
    provision status -i fleet.ini --limit gpu --json
    """
    from provision.inventory import read_ahead

    read = read_ahead(selection.inventory, selection.limit, check=False)
    from provision import up
    from provision.report import console, documents
    from provision.report import status as report

    up.prepare()
    found = up.survey(read(), content.ROLES, options.effects())
    if as_json:
        click.echo(documents.dump(report.document(found.probes, found.plan)))
    else:
        console.data().print(report.screen(found.probes, found.plan))
