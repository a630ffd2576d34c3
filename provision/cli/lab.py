"""`provision lab`: simulated servers to try everything on."""

from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

import click

from provision.errors import UsageError

_HOSTS = click.option(
    "--host", "hosts", multiple=True, metavar="NAME", help="Only this server; may be repeated."
)
_SPEC = click.option(
    "--spec",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A lab file of your own instead of the four servers that come with the product.",
)


@click.group("lab", invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Start, stop and break simulated GPU servers.

    The servers are containers with systemd, sshd, apt and a Docker engine of their own, on real package
    managers and real kernels; PCI devices, GPUs and InfiniBand ports are simulated. Needs root.

    \b
    Example:
      provision lab up
      provision up --inventory inventory/lab.ini
      provision lab down
    """
    if find_spec("provision.lab") is None:
        raise UsageError(
            "the simulated lab is not installed with this `provision`",
            hint="pip install 'provision[lab]', or work from a clone",
        )
    if ctx.invoked_subcommand is None:
        raise click.exceptions.NoArgsIsHelpError(ctx)


def _say(line: str) -> None:
    click.echo(line, err=True)


@command.command("up")
@_HOSTS
@_SPEC
@click.option("--clean", is_flag=True, help="Rebuild images and packages, and replace servers that run.")
def up(hosts: tuple[str, ...], spec: Path | None, clean: bool) -> None:
    """Start the servers; those that run already are left as they are.

    Starts dockerd if it does not run, builds root file systems and package repositories (kept for the next
    time), and creates network `provision-lab`. Installs nothing on this machine.
    """
    from provision import lab

    started = lab.up(hosts, spec_file=spec, clean=clean, say=_say)
    for server in started.select(hosts):
        click.echo(f"{server.name} {server.address}")


@command.command("reset")
@click.argument("host")
@_SPEC
def reset(host: str, spec: Path | None) -> None:
    """Replace one server by a fresh one, as it was first handed over."""
    from provision import lab

    lab.reset(host, spec_file=spec)


@command.command("down")
@_HOSTS
@_SPEC
def down(hosts: tuple[str, ...], spec: Path | None) -> None:
    """Remove the servers and all they stood on.

    That is the servers of every lab file, and with the last of them the network, web server and mounts.
    Keys, built packages and images stay in ~/.local/state/provision-lab and in Docker for the next time.
    """
    from provision import lab

    if not lab.down(hosts, spec_file=spec, say=_say):
        _say("no server to remove")


@command.command("status")
@_SPEC
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def status(spec: Path | None, as_json: bool) -> None:
    """Show which servers run and which faults are on."""
    from provision import lab
    from provision.report import documents

    found = lab.status(spec_file=spec)
    if as_json:
        click.echo(documents.dump({"schema": 1, "hosts": {each.name: asdict(each) for each in found}}))
        return
    for each in found:
        click.echo(f"{each.name:12} {each.address:15} {each.state:10} {', '.join(each.faults)}".rstrip())


@command.command("fault")
@click.argument("host", required=False)
@click.argument("name", required=False)
@click.argument("switch", type=click.Choice(["on", "off"]), default="on")
@_SPEC
def fault(host: str | None, name: str | None, switch: str, spec: Path | None) -> None:
    """Break a server in one way, or repair it.

    Without arguments, lists the faults there are.

    \b
    Example:
      provision lab fault hgx01 gpu_lost
      provision lab fault hgx01 gpu_lost off
    """
    from provision import lab

    if host is None:
        for each, summary in lab.fault_summaries().items():
            click.echo(f"{each:24} {summary}")
        return
    if name is None:
        raise UsageError("no fault named", hint="`provision lab fault` lists them")
    lab.fault(host, name, on=switch == "on", spec_file=spec)
