"""`provision plan`: what `up` would change, and why."""

import click

from provision.cli import options
from provision.cli.options import Selection
from provision.model.plan import Plan, State


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
    from provision.inventory.ahead import read_ahead

    read = read_ahead(selection.inventory, selection.limit, check=True)
    from provision import compat, plan, probe
    from provision.report import console, documents
    from provision.report import plan as report

    probe.prepare()
    fleet = read()
    probes = probe.probe(fleet)
    planned = plan.build(fleet, probes, roles, refusals=compat.refusals(fleet, probes))
    document = report.document(planned)
    if diff:
        from provision.report import diff as diffs
        from provision.runner import run_playbook
        from provision.up import predict

        predictions = predict.predict(fleet, planned, run_playbook)
        predict.add(predictions, document["hosts"])
        if not as_json:
            console.data().print(diffs.screen(predictions))
    if as_json:
        click.echo(documents.dump(document))
    else:
        console.data().print(report.screen(planned))
    return outcome(planned, exit_code)


def outcome(planned: Plan, exit_code: bool) -> int:
    """Return the exit code: 1 where a host could not be asked, 3 where one is refused, 4 for changes."""
    if planned.unreachable:
        return 1
    roles = [role for host in planned.hosts.values() for role in host.roles.values()]
    if any(role.state is State.UNSUPPORTED or role.refusal for role in roles):
        return 3
    return 4 if exit_code and planned.selection else 0
