"""What was measured, as tables on a terminal."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from tests.bench import results
from tests.bench.measure import Sample
from tests.bench.results import ByHosts, Runs


def show(
    startup: Sequence[Sample], noop: ByHosts, first_time: ByHosts, verify: ByHosts, console: Console
) -> None:
    """Print a table for each kind of work, and the targets below them."""
    for title, measured in (
        ("nothing to do", noop),
        ("first time, on bare hosts", first_time),
        ("verify", verify),
    ):
        for count, runs in measured.items():
            console.print(table(f"{count} host{'s' * (count > 1)}: {title}", runs))
    for target in results.targets(startup, noop, first_time):
        mark, style = ("met", "green") if target.met else ("missed", "red")
        console.print(f"[{style}]{mark:7}[/] {target.words}: {target.reached}")


def table(title: str, runs: Runs) -> Table:
    """Return one row a contestant: medians, the fastest and slowest run, and the ratio to `provision`."""
    wall, cpu, memory = results.walls(runs), results.cpus(runs), results.memories(runs)
    found = Table(title=title, title_justify="left")
    found.add_column("", min_width=max(map(len, runs)))
    for column in ("wall", "fastest", "slowest", "to provision", "CPU", "peak memory"):
        found.add_column(column, justify="right", no_wrap=True)
    for name, samples in runs.items():
        found.add_row(
            name,
            f"{wall[name]:.2f} s",
            f"{min(each.wall for each in samples):.2f} s",
            f"{max(each.wall for each in samples):.2f} s",
            _ratio(wall, name),
            f"{cpu[name]:.2f} s",
            f"{memory[name]:.0f} MiB",
        )
    return found


def _ratio(wall: Mapping[str, float], name: str) -> str:
    return f"{wall[name] / wall['provision']:.1f}" if "provision" in wall else ""
