"""Samples to medians, ratios and one JSON document. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from tests.bench.measure import Sample

Runs = Mapping[str, Sequence[Sample]]
"""The samples of each contestant."""

ByHosts = Mapping[int, Runs]
"""The runs by number of hosts."""

_MIB = 1 << 20


@dataclass(frozen=True)
class Target:
    """What is to be reached, and what was: both as words, and whether it was."""

    words: str
    reached: str
    met: bool


def walls(runs: Runs) -> dict[str, float]:
    """Return the median wall seconds of each contestant."""
    return {name: round(median(sample.wall for sample in samples), 3) for name, samples in runs.items()}


def cpus(runs: Runs) -> dict[str, float]:
    """Return the median CPU seconds of each contestant."""
    return {name: round(median(sample.cpu for sample in samples), 3) for name, samples in runs.items()}


def memories(runs: Runs) -> dict[str, float]:
    """Return the median peak memory of each contestant, in MiB."""
    return {
        name: round(median(sample.memory for sample in samples) / _MIB, 1) for name, samples in runs.items()
    }


def document(
    machine: Mapping[str, object],
    startup: Sequence[Sample],
    noop: ByHosts,
    first_time: ByHosts,
    verify: ByHosts,
) -> dict[str, Any]:
    """Return all that was measured. The medians of a converged fleet are `noop`, by hosts and contestant."""
    return {
        "noop": {str(count): walls(runs) for count, runs in noop.items()},
        "cpu": {str(count): cpus(runs) for count, runs in noop.items()},
        "memory": {str(count): memories(runs) for count, runs in noop.items()},
        "startup": {"wall": walls({"": startup})[""], "cpu": cpus({"": startup})[""]},
        "first_time": {str(count): walls(runs) for count, runs in first_time.items()},
        "verify": {str(count): walls(runs)["provision"] for count, runs in verify.items()},
        "targets": [vars(target) for target in targets(startup, noop, first_time)],
        "runs": {
            str(count): {
                name: [round(sample.wall, 3) for sample in samples] for name, samples in runs.items()
            }
            for count, runs in noop.items()
        },
        "machine": dict(machine),
    }


def targets(startup: Sequence[Sample], noop: ByHosts, first_time: ByHosts) -> list[Target]:
    """Return the targets that these measurements can answer."""
    found = []
    for count, runs in noop.items():
        wall = walls(runs)
        for other, parts in (("pyinfra", 2), ("ansible", 40)):
            if other in wall:
                ratio = wall[other] / wall["provision"]
                words = f"{count} hosts: at most 1/{parts} of {other}"
                found.append(Target(words, f"1/{ratio:.1f}", ratio >= parts))
    if len(noop) > 1:
        fewest, most = min(noop), max(noop)
        more = cpus(noop[most])["provision"] - cpus(noop[fewest])["provision"]
        each = more / (most - fewest) * 1000
        words = f"from {fewest} to {most} hosts: at most 40 ms of CPU for each"
        found.append(Target(words, f"{each:.0f} ms", round(each) <= 40))
    start = walls({"": startup})[""] * 1000
    found.append(Target("start-up under 150 ms", f"{start:.0f} ms", start < 150))
    for count, runs in first_time.items():
        ratio = walls(runs)["ansible"] / walls(runs)["provision"]
        found.append(Target(f"{count} bare hosts: at most 1/2 of ansible", f"1/{ratio:.1f}", ratio >= 2))
    return found
