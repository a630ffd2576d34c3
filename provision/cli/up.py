"""`provision up`: takes hosts to a CUDA container that sees its GPUs, and proves it."""

import click

from provision.cli import options
from provision.cli.options import Selection


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
    from provision.inventory.ahead import read_ahead

    fleet = read_ahead(selection.inventory, selection.limit, check=True)
    from provision.cli.converge import converge

    return converge(fleet, roles, full=full, yes=yes, verified=not no_verify, as_json=as_json)
