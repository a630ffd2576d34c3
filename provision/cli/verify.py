"""`provision verify`: prove on every host that containers see the GPUs."""

from pathlib import Path

import click

from provision.cli import options
from provision.cli.options import Selection
from provision.errors import UsageError


@click.command(name="verify")
@options.selection
@options.as_json
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), help="Also write a JUnit file.")
def command(selection: Selection, as_json: bool, junit: Path | None) -> int:
    """Prove on every host that containers see the GPUs.

    Starts short-lived containers on the hosts (`nvidia_container_toolkit_test_image`, pulled where it is
    missing) and changes nothing else. A failed check shows its evidence. Ends with 1 when a check failed.

    \b
    provision verify -i inventory/lab.ini
    provision verify -i inventory/lab.ini --limit hgx01 --junit report.xml
    """
    from provision import inventory
    from provision.report import console, documents
    from provision.report import verify as report

    if junit is not None and not junit.absolute().parent.is_dir():
        raise UsageError(f"no folder for `{junit}`", hint="create it, or name another place for the report")
    fleet = inventory.load(selection.inventory, selection.limit)
    lines = report.Lines(console.talk() if as_json else console.data(), fleet.names)
    found = options.effects().verify(fleet, junit=junit, on_check=lines.show)
    if as_json:
        click.echo(documents.dump(report.document(found)))
    else:
        lines.end(found)
    return 1 if found.failed else 0
