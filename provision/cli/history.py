"""`provision history`: the runs on an inventory."""

from pathlib import Path

import click

from provision.cli import options
from provision.errors import InventoryError


@click.command(name="history")
@options.inventory
@options.as_json
def command(inventory: Path, as_json: bool) -> None:
    """List the runs on an inventory, the newest first; ask no host.

    They are recorded in `.provision/` beside the inventory, with a folder a run for its log and events.

    \b
    provision history -i fleet.ini
    """
    from provision.journal import past_runs
    from provision.report import console, documents
    from provision.report import history as report

    if "," not in str(inventory) and not inventory.exists():
        raise InventoryError(f"no inventory at `{inventory}`", hint="runs are recorded beside the inventory")
    runs = past_runs(inventory)
    if as_json:
        click.echo(documents.dump(report.document(runs)))
    else:
        console.data().print(report.screen(runs))
