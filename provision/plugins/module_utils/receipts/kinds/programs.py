"""Kind `programs`: files of packages as the packages brought them. Wanted: `{package: [paths]}`.

State: `{path: {"target": where a link leads} or {"size": bytes, "changed": seconds}, null where there is none}`.
Hashing the libraries of a driver takes seconds. Package managers set the time to that of the package, so a file that
somebody put in the place of theirs differs in it.
"""

import os
import stat
from typing import Any, Dict, FrozenSet, Iterable, Iterator, Mapping, Optional, Tuple

from ...host.machine import Machine

_State = Mapping[str, Optional[Mapping[str, object]]]


def measure(machine: Machine, wanted: Mapping[str, Iterable[str]]) -> Dict[str, Any]:
    """Return where links lead, and size and time of change of plain files."""
    return {path: _program(machine, path) for paths in wanted.values() for path in paths}


def compare(before: _State, now: _State) -> Iterator[Tuple[str, str]]:
    """Compare file by file."""
    for path, old in sorted(before.items()):
        new = now.get(path)
        if new == old:
            continue
        if new is None:
            yield path, "{} deleted".format(path)
        elif old is not None and "target" in old and "target" in new:
            yield path, "{} leads to {} instead of {}".format(path, new["target"], old["target"])
        else:
            yield path, "{} is not its package's any more".format(path)


def exchanged(
    wanted: Mapping[str, Iterable[str]], before: Mapping[str, Any], now: Mapping[str, Any]
) -> FrozenSet[str]:
    """Return the paths of packages that are not known to have the version they had: they differ without saying.

    `before` and `now` are states of the packages.
    """
    same = {
        name for name, package in before.items() if package["version"] == now.get(name, {}).get("version")
    }
    return frozenset(path for name, paths in wanted.items() if name not in same for path in paths)


def _program(machine: Machine, path: str) -> Optional[Dict[str, object]]:
    full = machine.path(path)
    try:
        status = os.lstat(full)
        if stat.S_ISLNK(status.st_mode):
            return {"target": os.readlink(full)}
    except OSError:
        return None
    return {"size": status.st_size, "changed": int(status.st_mtime)}
