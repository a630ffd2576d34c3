"""Kind `files`: files, links and folders with content, mode and owner. Wanted: their paths.

State: `{path: {"type": "file", "sha256": ..., "mode": "0644", "owner": ..., "group": ...}, null where there is none}`.
A `link` has a `target` instead of all but its type; a `directory` and what is `special` have no `sha256`.
"""

import grp
import hashlib
import os
import pwd
import stat
from typing import Dict, Iterable, Iterator, Mapping, Optional, Tuple

from ...host.machine import Machine

_State = Mapping[str, Optional[Mapping[str, str]]]


def measure(machine: Machine, wanted: Iterable[str]) -> Dict[str, Optional[Dict[str, str]]]:
    """Return what is at each path; links are not followed."""
    return {path: _file(machine, path) for path in sorted(wanted)}


def compare(before: _State, now: _State) -> Iterator[Tuple[str, str]]:
    """Compare path by path."""
    for path, old in sorted(before.items()):
        new = now.get(path)
        if old == new:
            continue
        if new is None:
            yield path, "{} deleted".format(path)
        elif old is None:
            yield path, "{} created".format(path)
        elif old["type"] != new["type"]:
            yield path, "{} is a {} instead of a {}".format(path, new["type"], old["type"])
        else:
            for text in _attributes(old, new):
                yield path, "{} {}".format(path, text)


def _attributes(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    if old.get("sha256") != new.get("sha256"):
        yield "edited"
    for key, word in (("target", "points to"), ("mode", "mode"), ("owner", "owner"), ("group", "group")):
        if old.get(key) != new.get(key):
            yield "{} {} -> {}".format(word, old.get(key), new.get(key))


def _file(machine: Machine, path: str) -> Optional[Dict[str, str]]:
    full = machine.path(path)
    try:
        status = os.lstat(full)
        found = {"owner": _user(status.st_uid), "group": _group(status.st_gid)}
        if stat.S_ISLNK(status.st_mode):
            return {"type": "link", "target": os.readlink(full)}
        found["mode"] = "{:04o}".format(stat.S_IMODE(status.st_mode))
        if stat.S_ISDIR(status.st_mode):
            return {"type": "directory", **found}
        if not stat.S_ISREG(status.st_mode):
            return {"type": "special", **found}
        with open(full, "rb") as file:
            content = hashlib.sha256()
            for block in iter(lambda: file.read(1 << 20), b""):
                content.update(block)
    except OSError:
        return None
    return {"type": "file", "sha256": content.hexdigest(), **found}


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
