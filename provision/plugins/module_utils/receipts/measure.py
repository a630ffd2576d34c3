"""Measures on a host what a role says it is responsible for.

The same code runs when a receipt is written and when the host is probed, so that two measurements differ only
where the host does. Runs on hosts: Python 3.8, standard library only. Needs root.
"""

import grp
import hashlib
import json
import os
import pwd
import stat
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Union

from ..containers.cdi import specifications
from ..gpus.driver import identities, kernel_module, kernel_release
from ..host.machine import Machine
from ..host.systemd import Unit, show
from ..mig.summary import mig
from ..packages.installed import packages

_Keys = Mapping[str, Any]


class ResourcesError(ValueError):
    """A role names a resource in a way that cannot be measured; the message says which."""


def measure(
    resources: Mapping[str, Any],
    machine: Optional[Machine] = None,
    known_units: Optional[Mapping[str, Dict[str, str]]] = None,
) -> Dict[str, Any]:
    """Return the state of the resources, under the same keys. Raises ResourcesError.

    A resource that is not there is measured too (as None, or as a version that is None): it is a difference
    to name, not an error. `known_units` are states that were asked already, those of all units in question.
    """
    machine = machine or Machine()
    unknown = sorted(set(resources) - set(_MEASURES))
    if unknown:
        raise ResourcesError("unknown kind `{}`".format(unknown[0]))
    measures = dict(_MEASURES)
    if known_units is not None:
        measures["units"] = lambda _, names: {name: known_units[name] for name in sorted(names)}
    try:
        return {
            kind: take(machine, resources[kind]) for kind, take in measures.items() if resources.get(kind)
        }
    except (AttributeError, KeyError, TypeError) as error:
        raise ResourcesError("malformed ({})".format(error)) from error


def _files(machine: Machine, paths: Iterable[str]) -> Dict[str, object]:
    return {path: _file(machine, path) for path in sorted(paths)}


def _absent(machine: Machine, paths: Iterable[str]) -> Dict[str, bool]:
    return {path: machine.exists(path) for path in sorted(paths)}


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


def _programs(machine: Machine, packages: Mapping[str, Iterable[str]]) -> Dict[str, object]:
    """Return where links lead, and size and time of change of plain files; given are the paths by package.

    Hashing the libraries of a driver takes seconds. Package managers set the time to that of the package, so a file
    that somebody put in the place of theirs differs in it.
    """
    return {path: _program(machine, path) for paths in packages.values() for path in paths}


def _program(machine: Machine, path: str) -> Optional[Dict[str, object]]:
    full = machine.path(path)
    try:
        status = os.lstat(full)
        if stat.S_ISLNK(status.st_mode):
            return {"target": os.readlink(full)}
    except OSError:
        return None
    return {"size": status.st_size, "changed": int(status.st_mtime)}


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


def units(machine: Machine, names: Iterable[str]) -> Dict[str, Dict[str, str]]:
    """Return `{unit: {"active": ActiveState, "enabled": UnitFileState, "load": LoadState}}`, in one call."""
    return {
        unit.name: {"active": _activity(unit), "enabled": unit.enabled, "load": unit.load}
        for unit in show(machine.run, sorted(names))
    }


def _activity(unit: Unit) -> str:
    # What runs now and then, and ends by itself, is no other while it runs.
    return "inactive" if unit.passing and unit.active in ("activating", "deactivating") else unit.active


def _kernel_modules(machine: Machine, names: Iterable[str]) -> Dict[str, object]:
    modules = {name: kernel_module(machine, name) for name in sorted(names)}
    return {"release": kernel_release(machine), "modules": modules}


def _json_keys(machine: Machine, wanted: Union[_Keys, List[_Keys]]) -> Dict[str, object]:
    entries = [wanted] if isinstance(wanted, Mapping) else wanted
    return {entry["path"]: _json_file(machine, entry["path"], entry["keys"]) for entry in entries}


def _json_file(machine: Machine, path: str, keys: List[List[str]]) -> Dict[str, object]:
    """Return the digests of the values (None: no such key), or what is wrong with the file."""
    text = machine.read(path)
    if text is None:
        return {"error": "missing"}
    try:
        document = json.loads(text)
    except ValueError:
        return {"error": "malformed"}
    return {"keys": {".".join(key): _json_value(document, key) for key in keys}}


def _json_value(document: object, key: List[str]) -> Optional[str]:
    for part in key:
        if not isinstance(document, dict) or part not in document:
            return None
        document = document[part]
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _groups(machine: Machine, groups: Mapping[str, Iterable[str]]) -> Dict[str, Dict[str, bool]]:
    return {name: _members(machine, name, users) for name, users in sorted(groups.items())}


def _members(machine: Machine, name: str, users: Iterable[str]) -> Dict[str, bool]:
    members: List[str] = []
    number = None
    for line in (machine.read("/etc/group") or "").splitlines():
        fields = line.split(":")
        if fields[0] == name and len(fields) == 4:
            number, members = fields[2], fields[3].split(",")
    primary = {
        fields[0]
        for fields in (line.split(":") for line in (machine.read("/etc/passwd") or "").splitlines())
        if len(fields) > 3 and fields[3] == number
    }
    return {user: user in members or user in primary for user in sorted(users)}


_MEASURES: Dict[str, Callable[[Machine, Any], object]] = {
    "files": _files,
    "absent": _absent,
    "packages": packages,
    "programs": _programs,
    "units": units,
    "kernel_modules": _kernel_modules,
    "gpus": lambda machine, _: identities(machine),
    "mig": mig,
    "json_keys": _json_keys,
    "groups": _groups,
    "nouveau_absent": lambda machine, _: not machine.exists("/sys/module/nouveau"),
    "cdi": lambda machine, _: specifications(machine),
}
