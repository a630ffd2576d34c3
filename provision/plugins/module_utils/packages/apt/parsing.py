"""Reads what apt and dpkg print. Pure."""

from __future__ import annotations

import re
from typing import Dict, FrozenSet, Iterable, Iterator, List, Mapping, NamedTuple, Optional

from ..transaction import Transaction
from ..versions import compare_debian, newest_first

STATUS_FORMAT = "${Package}\\t${Architecture}\\t${db:Status-Abbrev}\\t${Version}\\n"
"""Format of `dpkg-query --show` that parse_status reads."""


class Status(NamedTuple):
    """What dpkg has on record."""

    installed: Dict[str, str]
    held: FrozenSet[str]
    unconfigured: Dict[str, str]
    """Versions of packages that are unpacked and that a run that was cut off did not come to configure."""
    torn: Dict[str, str]
    """Versions of packages that it left half unpacked."""


class Stanza(NamedTuple):
    """What one package version needs."""

    name: str
    version: str
    depends: List[List[str]]
    """Groups of alternatives, package names only."""
    installed_kib: int
    download_bytes: int


def parse_status(text: str, architecture: str) -> Status:
    """Read `dpkg-query --show` in STATUS_FORMAT; packages of another architecture are left out."""
    installed: Dict[str, str] = {}
    unconfigured: Dict[str, str] = {}
    torn: Dict[str, str] = {}
    held = set()
    for line in text.splitlines():
        name, arch, state, version = line.split("\t")
        if arch not in (architecture, "all"):
            continue
        if state[:1] == "h":
            held.add(name)
        if state[1:2] == "H" or state[2:3] == "R":
            torn[name] = version
        elif state[1:2] in ("i", "W", "t"):
            installed[name] = version
        elif state[1:2] in ("U", "F"):
            unconfigured[name] = version
    return Status(installed, frozenset(held), unconfigured, torn)


def parse_madison(text: str) -> Dict[str, List[str]]:
    """Read `apt-cache madison`: versions by package, newest first."""
    found: Dict[str, List[str]] = {}
    for line in text.splitlines():
        fields = [field.strip() for field in line.split("|")]
        if len(fields) == 3 and fields[2].endswith("Packages"):
            found.setdefault(fields[0], []).append(fields[1])
    return {name: newest_first(versions, compare_debian) for name, versions in found.items()}


def parse_show(text: str) -> List[Stanza]:
    """Read the stanzas that `apt-cache show` prints."""
    return [_stanza(fields) for fields in _stanzas(text) if "Package" in fields and "Version" in fields]


def parse_simulation(text: str, status: Status) -> Transaction:
    """Read `apt-get --simulate`. Holds are not apt-get's business and stay empty."""
    transaction = Transaction({}, {}, {}, [], [], [])
    for line in text.splitlines():
        match = re.match(r"(Inst|Conf|Remv|Purg) (\S+)(?: \[([^\]]*)\])?(?: \((\S+))?", line)
        if not match:
            continue
        action, name, version = match.group(1), match.group(2), match.group(4)
        if action == "Conf":
            # What is unpacked already is only configured. Of its version apt may tell that of the newest.
            if name in status.unconfigured:
                transaction.install.setdefault(name, status.unconfigured[name])
        elif action != "Inst":
            transaction.remove.append(name)
        elif name not in status.installed:
            transaction.install[name] = version
        elif compare_debian(version, status.installed[name]) < 0:
            transaction.downgrade[name] = version
        else:
            transaction.upgrade[name] = version
    # A package that is removed and installed again in one run is replaced, not removed.
    arriving = transaction.arriving
    return transaction._replace(remove=sorted(name for name in transaction.remove if name not in arriving))


def install_arguments(changes: Mapping[str, Optional[str]], leaving: Iterable[str]) -> List[str]:
    """Return the arguments of `apt-get` for one transaction; a trailing `-` removes.

    Held packages and downgrades are allowed here, because judge() has refused those that nobody asked for.
    """
    arguments = ["--yes", "--no-install-recommends", "--allow-change-held-packages", "--allow-downgrades"]
    specs = ["%s=%s" % (name, version) if version else name for name, version in sorted(changes.items())]
    return [*arguments, "install", *specs, *("%s-" % name for name in sorted(leaving))]


def mendable(
    torn: Mapping[str, str], wanted: Mapping[str, Optional[str]], offered: Mapping[str, List[str]]
) -> Dict[str, str]:
    """Return at which version each torn package can be unpacked again; one that nobody offers is left out.

    The version asked for is best, then the one that was under way, then the newest.
    """
    return {
        name: next(each for each in (wanted.get(name), version, *offered[name]) if each in offered[name])
        for name, version in torn.items()
        if offered.get(name)
    }


def mended(text: str, versions: Mapping[str, str]) -> str:
    """Return dpkg's record as it will be once these torn packages are unpacked again at these versions."""
    stanzas = re.split(r"(?<=\n)\n+", text)
    return "\n".join(_mended(stanza, versions) for stanza in stanzas)


def complaint(output: str) -> str:
    """Return in one line what apt, and dpkg below it, complain of."""
    lines = [line.strip() for line in output.splitlines()]
    unmet = [line for line in lines if " Depends: " in line or " Conflicts: " in line or " Breaks: " in line]
    # dpkg tells the reason on the line that follows.
    failed = [" ".join(pair) for pair in re.findall(r"(?m)^dpkg: error processing (.+)\n *(.+)$", output)]
    errors = [line[2:].strip() for line in lines if line.startswith("E:")]
    last = next((line for line in reversed(lines) if line), "no output")
    return "; ".join([*unmet, *failed, *errors]) or last


def unreadable_repositories(output: str) -> List[str]:
    """Return the lines in which `apt-get update` says that a repository is unreadable or not trusted."""
    wanted = (
        "E:",
        "Err:",
        "W: Failed to fetch",
        "W: GPG error",
        "W: OpenPGP signature verification failed",
        "W: An error occurred during the signature",
    )
    return [line.strip() for line in output.splitlines() if line.startswith(wanted)]


def disk_trouble(output: str) -> Optional[str]:
    """Return the line in which apt or dpkg says that a disk is full or read-only, if there is one."""
    pattern = r"(?m)^.*(?:No space left on device|enough free space|Read-only file system).*$"
    found = re.search(pattern, output)
    return found.group(0).strip() if found else None


def is_locked(output: str) -> bool:
    """Tell whether apt or dpkg stopped because another one was at work."""
    pattern = r"[Cc]ould not get lock|Unable to (?:acquire|lock)|is another process using it"
    return re.search(pattern, output) is not None


def is_moved_on(output: str) -> bool:
    """Tell whether a package could not be fetched as the lists describe it: the mirror is newer than they are."""
    return re.search(r"Failed to fetch .*(?:404|unexpected size|Hash Sum mismatch)", output) is not None


def pinning(text: str, names: Iterable[str]) -> List[str]:
    """Return which of the names an apt preferences file pins by name."""
    patterns = " ".join(re.findall(r"^Package:\s*(.+)$", text, re.MULTILINE)).split()
    return [name for name in names if name in patterns]


def _mended(stanza: str, versions: Mapping[str, str]) -> str:
    found = re.search(r"(?m)^Package: (.+)\n", stanza)
    if not found or found.group(1) not in versions:
        return stanza
    rest = re.sub(r"(?m)^(?:Package|Status|Version): .*\n", "", stanza)
    version = versions[found.group(1)]
    return "%sStatus: install ok unpacked\nVersion: %s\n%s" % (found.group(0), version, rest)


def _stanzas(text: str) -> Iterator[Dict[str, str]]:
    for block in re.split(r"\n\s*\n", text):
        fields = re.findall(r"^([A-Za-z0-9-]+):[ \t]*((?:[^\n]*)(?:\n[ \t]+[^\n]*)*)", block, re.MULTILINE)
        if fields:
            yield dict(fields)


def _stanza(fields: Mapping[str, str]) -> Stanza:
    relations = ", ".join(fields[key] for key in ("Pre-Depends", "Depends") if fields.get(key))
    groups = [
        [re.split(r"[\s(:\[]", alternative.strip(), maxsplit=1)[0] for alternative in group.split("|")]
        for group in relations.split(",")
        if group.strip()
    ]
    return Stanza(
        name=fields["Package"],
        version=fields["Version"],
        depends=groups,
        installed_kib=int(fields.get("Installed-Size", "0") or 0),
        download_bytes=int(fields.get("Size", "0") or 0),
    )
