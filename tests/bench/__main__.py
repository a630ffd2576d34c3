"""`scripts/bench`: builds the hosts, measures, shows a table, writes JSON."""

import json
import os
import platform
import sys
from datetime import date
from pathlib import Path

import click
from rich.console import Console

from provision.errors import ProvisionError
from tests.bench import contestants, results, table
from tests.bench.contestants import ROOT, Contestant
from tests.bench.errors import BenchError
from tests.bench.fleet import LARGEST, Hosts
from tests.bench.measure import Sample

_FOLDER = ROOT / ".bench"
_TOOLS = ROOT / ".venv-bench"
_STARTS = 10


def _counts(_: click.Context, param: click.Parameter, values: tuple[str, ...]) -> list[int]:
    """Read numbers of hosts, each value one or several with commas between them."""
    parts = ",".join(values).split(",")
    for part in parts:
        if not part.isdigit() or not 1 <= int(part) <= LARGEST:
            raise click.BadParameter(f"`{part}` is no number of hosts between 1 and {LARGEST}", param=param)
    return sorted(set(map(int, parts)))


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--hosts", multiple=True, default=("8",), callback=_counts, metavar="N[,N]", help="Numbers of hosts."
)
@click.option("--repeat", type=click.IntRange(1), default=5, show_default=True, help="Runs of each.")
@click.option("--first", is_flag=True, help="Also provision bare hosts, once with each tool.")
@click.option(
    "--cores",
    type=click.FloatRange(0.01),
    metavar="CORES",
    help="With --first: what each host has to itself, as machines of their own do. Otherwise all share all cores.",
)
@click.option("--verify", is_flag=True, help="Also measure `provision verify`.")
@click.option("--keep", is_flag=True, help="Leave the hosts running, for the next time.")
@click.option("--json", "file", type=click.Path(path_type=Path), help="Write what was measured to a file.")
def main(
    *,
    hosts: list[int],
    repeat: int,
    first: bool,
    cores: float | None,
    verify: bool,
    keep: bool,
    file: Path | None,
) -> None:
    """Measure `provision up` on converged hosts beside Ansible, Mitogen, pyinfra and bare ssh.

    The hosts are servers of the simulated lab, on this machine. Every run is checked: one that fails, or that
    changes something, ends the benchmark with its output.
    """
    program = Path(sys.executable).with_name("provision")
    fleets = [Hosts(_FOLDER, count, program) for count in hosts]
    for fleet in fleets:
        fleet.write()
    try:
        fleets[-1].build(_say)
        startup = [contestants.help_page(program).run() for _ in range(_STARTS)]
        noop = {fleet.count: _alternate(contestants.converged(fleet, _TOOLS), repeat) for fleet in fleets}
        proofs = {fleet.count: _verified(fleet, repeat) for fleet in fleets if verify}
        bare = {fleet.count: _from_bare(fleet, cores) for fleet in fleets if first}
    except (BenchError, ProvisionError) as error:
        raise click.ClickException(str(error)) from error
    finally:
        # Hosts that were held back are no good for another benchmark.
        if not keep or cores is not None:
            fleets[-1].remove()
    if file:
        document = results.document(_machine(repeat, cores), startup, noop, bare, proofs)
        file.write_text(json.dumps(document, indent=2) + "\n")
    table.show(startup, noop, bare, proofs, Console(highlight=False))


def _alternate(chosen: list[Contestant], repeat: int) -> dict[str, list[Sample]]:
    """Run one after the other, again and again: what slows the machine for a while slows all of them."""
    found: dict[str, list[Sample]] = {each.name: [] for each in chosen}
    for number in range(1, repeat + 1):
        for each in chosen:
            sample = each.run()
            found[each.name].append(sample)
            _say(f"{number}/{repeat} {each.name} {sample.wall:.2f} s")
    return found


def _verified(fleet: Hosts, repeat: int) -> dict[str, list[Sample]]:
    contestant = contestants.verify(fleet)
    contestant.run()  # the hosts fetch the image of their test container
    return _alternate([contestant], repeat)


def _from_bare(fleet: Hosts, cores: float | None) -> dict[str, list[Sample]]:
    """Provision the same hosts with each tool, from fresh; what comes out must be the same."""
    found = {}
    for contestant in contestants.bare(fleet, _TOOLS):
        fleet.reset(cores)
        found[contestant.name] = [contestant.run()]
        _say(f"first time, {contestant.name}: {found[contestant.name][0].wall:.1f} s")
        fleet.require_converged()
    return found


def _machine(repeat: int, cores: float | None) -> dict[str, object]:
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30), 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "date": date.today().isoformat(),
        "repeat": repeat,
        "hosts": "containers on the same machine",
        "cores_of_each_bare_host": cores,
    }


def _say(line: str) -> None:
    click.echo(line, err=True)


if __name__ == "__main__":
    main()
