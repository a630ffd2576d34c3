"""Kind `packages`: packages at their versions, held or not. Wanted: their names.

State: `{name: {"version": text, null where it is not installed, "held": bool}}`; `cut_off` beside them is dpkg's word
for how far it came with a package that it was not let finish.
"""

from typing import Any, Dict, Iterable, Iterator, Mapping, Tuple

from ...host.machine import Machine
from ...packages.installed import packages


def measure(machine: Machine, wanted: Iterable[str]) -> Dict[str, Dict[str, Any]]:
    """Return versions and holds."""
    return packages(machine, wanted)


def compare(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Tuple[str, str]]:
    """Compare package by package."""
    for name, old in sorted(before.items()):
        new = now.get(name, {"version": None, "held": False})
        if old["version"] and not new["version"]:
            yield name, "{} {}".format(name, "is " + new["cut_off"] if "cut_off" in new else "removed")
            continue
        if not old["version"] and new["version"]:
            yield name, "{} {} installed".format(name, new["version"])
        elif old["version"] != new["version"]:
            yield name, "{} {} -> {}".format(name, old["version"], new["version"])
        if old["held"] != new["held"]:
            yield name, "{} {}".format(name, "held" if new["held"] else "no longer held")
