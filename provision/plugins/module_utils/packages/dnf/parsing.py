"""Reads what dnf and rpm print. Pure."""

from __future__ import annotations

import re
from typing import Dict, Iterable, List, Mapping, Optional

from ..transaction import Transaction
from ..versions import compare_rpm, newest_first

INSTALLED_FORMAT = "%{NAME}\\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\\n"
"""Format of `rpm --query --all` that parse_installed reads."""
TRANSACTION_OPTIONS = [
    "--setopt=install_weak_deps=False",
    "--setopt=clean_requirements_on_remove=False",
    "--disableplugin=versionlock",
]
"""dnf's options for a transaction. Locks are judged before, so that our own do not stand in the way."""
OFFERED_FORMAT = "%{name}\\t%{epoch}:%{version}-%{release}\\n"
"""Format of `dnf repoquery` that parse_offered reads."""

_SECTIONS = {
    "installing": "install",
    "installing dependencies": "install",
    "installing weak dependencies": "install",
    "installing group/module packages": "install",
    "upgrading": "upgrade",
    "downgrading": "downgrade",
    "reinstalling": "",
    "removing": "remove",
    "removing dependent packages": "remove",
    "removing unused dependencies": "remove",
}
_FIELDS = 5  # name, architecture, version, repository, size; a unit follows where the size is not in bytes
_UNITS = ("k", "M", "G", "T")


def parse_installed(text: str) -> Dict[str, List[str]]:
    """Return the installed versions by name, newest first; kernels are installed side by side."""
    found: Dict[str, List[str]] = {}
    for line in text.splitlines():
        name, _, version = line.partition("\t")
        if version:
            found.setdefault(name, []).append(without_epoch_zero(version))
    return {name: newest_first(versions, compare_rpm) for name, versions in found.items()}


def parse_offered(text: str) -> Dict[str, List[str]]:
    """Return the versions on offer by name, newest first."""
    return parse_installed(text)


def without_epoch_zero(version: str) -> str:
    """Return a version as rpm prints it: an epoch of 0 is left out."""
    return version[2:] if version.startswith("0:") else version


def parse_locks(text: str) -> Dict[str, str]:
    """Read versionlock.list: locked version by name. Exclusions, which begin with `!`, are left out."""
    entry = r"^([^#!\s][^\s]*)-(\d+):([^\s:-]+-[^\s:-]+?)(?:\.\*|\.[A-Za-z0-9_]+)?\s*$"
    entries = re.findall(entry, text, re.MULTILINE)
    return {name: without_epoch_zero("%s:%s" % (epoch, rest)) for name, epoch, rest in entries}


def lock_entry(name: str, version: str) -> str:
    """Return the line of versionlock.list that keeps a package at a version, whatever its architecture."""
    return "%s-%s.*" % (name, version if ":" in version else "0:" + version)


def parse_requires(text: str) -> List[List[str]]:
    """Read `dnf repoquery --requires`: names of packages, without files, libraries and conditions."""
    names = (line.split()[0] for line in text.splitlines() if line.strip())
    return [[name] for name in dict.fromkeys(names) if not re.search(r"[(/]", name)]


def parse_simulation(text: str) -> Transaction:
    """Read the table that dnf prints before it asks for consent. Locks are not its business and stay empty.

    dnf wraps a row whose name is long, so a section is read as a stream of words.
    """
    words: Dict[str, List[str]] = {"install": [], "upgrade": [], "downgrade": [], "remove": []}
    removed = set()
    section = ""
    for line in text.splitlines():
        heading = re.match(r"(\S[^:]*):\s*$", line)
        if heading:
            section = _SECTIONS.get(heading.group(1).lower(), "")
        elif line.startswith(("Transaction Summary", "=====")) or not line.strip():
            section = section if line.startswith("=====") and section else ""
        elif line.split()[0] == "replacing":
            removed.add(line.split()[1].rpartition(".")[0])
        elif section:
            words[section] += line.split()
    arriving = {name: _versions(words[name]) for name in ("install", "upgrade", "downgrade")}
    removed |= set(_versions(words["remove"]))
    replaced = {name for found in arriving.values() for name in found}
    return Transaction(
        arriving["install"], arriving["upgrade"], arriving["downgrade"], sorted(removed - replaced), [], []
    )


def _versions(words: List[str]) -> Dict[str, str]:
    """Return the version of each row of a section, by name."""
    found = {}
    at = 0
    while at + _FIELDS <= len(words):
        found[words[at]] = without_epoch_zero(words[at + 2])
        at += _FIELDS
        at += words[at : at + 1] != [] and words[at] in _UNITS
    return found


def shell_script(changes: Mapping[str, Optional[str]], leaving: Iterable[str]) -> str:
    """Return the script of `dnf shell` that installs and removes in one transaction."""
    lines = ["remove %s" % name for name in sorted(leaving)]
    specs = ["%s-%s" % (name, version) if version else name for name, version in sorted(changes.items())]
    lines += ["install %s" % spec for spec in specs]
    return "\n".join([*lines, "run", ""])


def complaint(output: str) -> str:
    """Return in one line what dnf complains of."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"(Error|Problem|No match|Unable to find|- )", line)]
    return "; ".join(errors) or (lines[-1] if lines else "no output")
