"""What os-release says of a host (os-release(5))."""

from __future__ import annotations

import re
from typing import Dict, NamedTuple

from .machine import Machine

APT = "apt"
DNF = "dnf"

_FIELD = re.compile(r"""^([A-Z0-9_]+)=(["']?)(.*?)\2[ \t]*$""", re.MULTILINE)
_OF_DNF = {"rhel", "fedora", "centos", "rocky", "almalinux", "ol"}


class Release(NamedTuple):
    """A distribution: `name` is for people (`Debian 13`), `id` is ID, `version` VERSION_ID, "" where not told."""

    name: str
    id: str
    version: str
    package_manager: str
    """APT or DNF; APT where it says neither."""


def read(machine: Machine) -> Release:
    """Return the distribution of a machine."""
    return parse(machine.read("/etc/os-release") or machine.read("/usr/lib/os-release") or "")


def parse(text: str) -> Release:
    """Read the text of an os-release file."""
    fields: Dict[str, str] = {name: value for name, _, value in _FIELD.findall(text)}
    version = fields.get("VERSION_ID", "")
    name = fields.get("NAME", "Linux").split(" GNU/")[0]
    kin = {fields.get("ID", ""), *fields.get("ID_LIKE", "").split()}
    return Release(
        "{} {}".format(name, version).strip(), fields.get("ID", ""), version, DNF if kin & _OF_DNF else APT
    )
