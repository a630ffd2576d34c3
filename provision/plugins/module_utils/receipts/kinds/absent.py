"""Kind `absent`: paths at which there is to be nothing. Wanted: the paths.

State: `{path: whether something is there}`.
"""

from typing import Dict, Iterable, Iterator, Mapping, Tuple

from ...host.machine import Machine


def measure(machine: Machine, wanted: Iterable[str]) -> Dict[str, bool]:
    """Tell what exists, a dangling link included."""
    return {path: machine.exists(path) for path in sorted(wanted)}


def compare(before: Mapping[str, bool], now: Mapping[str, bool]) -> Iterator[Tuple[str, str]]:
    """Tell what is back."""
    for path in sorted(before):
        if now.get(path) and not before[path]:
            yield path, "{} is back".format(path)
