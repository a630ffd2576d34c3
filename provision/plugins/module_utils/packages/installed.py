"""Versions and holds of installed packages, read from dpkg's own database or asked of rpm.

dpkg's status file is read directly because starting dpkg-query and apt-mark costs more than all other measurements
together.
"""

import re
from typing import Any, Dict, Iterable, Iterator, List

from ..host.machine import Machine
from ..host.os_release import APT, read

DPKG_STATUS = "/var/lib/dpkg/status"
_VERSIONLOCK = (
    "/etc/dnf/plugins/versionlock.list",
    "/etc/dnf/versionlock.toml",
    "/etc/yum/pluginconf.d/versionlock.list",
)


def packages(machine: Machine, names: Iterable[str]) -> Dict[str, Dict[str, Any]]:
    """Return `{name: {"version": text or None, "held": bool}}`; version None means not installed.

    A package that dpkg was not let finish has a `cut_off` beside that, with dpkg's word for how far it came.
    """
    wanted = list(names)
    if not wanted:
        return {}
    if read(machine).package_manager == APT:
        return parse_dpkg_status(machine.read(DPKG_STATUS) or "", wanted)
    return _rpm_packages(machine, wanted)


def parse_dpkg_status(text: str, names: Iterable[str]) -> Dict[str, Dict[str, Any]]:
    """Read versions and holds out of dpkg's status file. A package's first installed architecture counts."""
    lines = "\n" + text
    return {name: _dpkg_package(_stanzas(lines, name)) for name in sorted(set(names))}


def _stanzas(text: str, name: str) -> Iterator[str]:
    # Searched for name by name: to match every stanza of a large system takes ten times as long.
    start = "\nPackage: {}\n".format(name)
    position = text.find(start)
    while position >= 0:
        end = text.find("\n\n", position)
        yield text[position + len(start) : end if end >= 0 else len(text)]
        position = text.find(start, end) if end >= 0 else -1


def _dpkg_package(stanzas: Iterable[str]) -> Dict[str, Any]:
    for stanza in stanzas:
        status = re.search(r"^Status: (\S+) (\S+) (\S+)", stanza, re.MULTILINE)
        version = re.search(r"^Version: (\S+)", stanza, re.MULTILINE)
        if not status or not version:
            continue
        want, word = status.group(1), status.group(3)
        if word in ("installed", "triggers-pending", "triggers-awaited"):
            return {"version": version.group(1), "held": want == "hold"}
        if word in ("half-installed", "unpacked", "half-configured"):
            return {"version": None, "held": want == "hold", "cut_off": word}
    return {"version": None, "held": False}


def _rpm_packages(machine: Machine, names: List[str]) -> Dict[str, Dict[str, Any]]:
    argv = ["rpm", "-q", "--qf", "%{NAME} %{EPOCHNUM}:%{VERSION}-%{RELEASE}\n"]
    _, output = machine.run([*argv, *names])
    locked = "\n".join(machine.read(path) or "" for path in _VERSIONLOCK)
    return parse_rpm(output, locked, names)


def parse_rpm(output: str, locked: str, names: Iterable[str]) -> Dict[str, Dict[str, Any]]:
    """Read `rpm -q` lines (`name epoch:version-release`) and the text of the version lock's lists."""
    versions: Dict[str, str] = {}
    for line in output.splitlines():
        words = line.split()
        if len(words) == 2 and words[1][:1].isdigit():
            versions[words[0]] = words[1][2:] if words[1].startswith("0:") else words[1]
    return {
        name: {"version": versions.get(name), "held": _is_locked(name, locked)} for name in sorted(set(names))
    }


def _is_locked(name: str, locked: str) -> bool:
    # `name-0:1.2-3.*` (list) or `name = "name"` (toml), never an exclusion, which begins with `!`
    listed = re.search(r"^(?!!){}-(\d+:)?\d".format(re.escape(name)), locked, re.MULTILINE)
    return bool(listed or re.search(r'^name\s*=\s*"{}"'.format(re.escape(name)), locked, re.MULTILINE))
