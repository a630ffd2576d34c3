"""The machine's own apt configuration, of which the servers' is made: no mirror's address is ours."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from provision.lab import programs

CARRIED = (
    "Acquire::Check-Date",
    "Acquire::Check-Valid-Until",
    "Acquire::Max-FutureTime",
    "Acquire::Retries",
    "Acquire::http::Proxy",
    "Acquire::http::Timeout",
    "Acquire::https::Proxy",
    "Acquire::https::Timeout",
)
"""Options that say how the mirror is reached or how it is dated: true for the servers as well."""


@dataclass(frozen=True)
class Source:
    """One entry of the machine's package sources."""

    uri: str
    suite: str
    components: tuple[str, ...]


def parse_list(text: str) -> list[Source]:
    """Parse the one-line form (`deb [options] URI suite component…`), binary packages only."""
    found = []
    for line in text.splitlines():
        words = re.sub(r"\[[^]]*\]", "", line.partition("#")[0]).split()
        if len(words) >= 3 and words[0] == "deb":
            found.append(Source(words[1], words[2], tuple(words[3:])))
    return found


def parse_deb822(text: str) -> list[Source]:
    """Parse the form of `*.sources` files, binary packages only."""
    found = []
    for stanza in re.split(r"\n\s*\n", re.sub(r"(?m)^#.*\n?", "", text)):
        fields = {
            key.strip().lower(): value.split()
            for key, value in re.findall(r"(?m)^([\w-]+):((?:.*)(?:\n[ \t].*)*)", stanza)
        }
        if "deb" not in fields.get("types", []) or fields.get("enabled") == ["no"]:
            continue
        found += [
            Source(uri, suite, tuple(fields.get("components", [])))
            for uri in fields.get("uris", [])
            for suite in fields.get("suites", [])
        ]
    return found


def lines_for(
    suite: str, components: Sequence[str], sources: Iterable[Source], codename: str | None
) -> list[str]:
    """Return source lines for a Debian release, from mirrors that this machine uses for its own.

    `codename` is the machine's Debian release. An empty list means that the machine names no Debian
    mirror, and that mmdebstrap's own default is to be used.
    """
    mirrors: dict[str, str] = {}
    for source in sources:
        for suffix in ("", "-updates", "-security"):
            if codename and source.suite == codename + suffix:
                mirrors.setdefault(suffix, source.uri)
    if "" not in mirrors:
        return []
    return [f"deb {uri} {suite}{suffix} {' '.join(components)}" for suffix, uri in mirrors.items()]


def machine_sources(etc: Path = Path("/etc/apt")) -> list[Source]:
    """Read every package source of this machine."""
    lists = [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*.list"))]
    found = [source for path in lists if path.exists() for source in parse_list(path.read_text())]
    for path in sorted((etc / "sources.list.d").glob("*.sources")):
        found += parse_deb822(path.read_text())
    return found


def debian_codename(os_release: str) -> str | None:
    """Return the code name in the text of /etc/os-release if it is Debian's."""
    fields = dict(re.findall(r'(?m)^(\w+)="?([^"\n]*)"?$', os_release))
    return fields.get("VERSION_CODENAME") if fields.get("ID") == "debian" else None


def carried_options(dump: str) -> Mapping[str, str]:
    """Return those of CARRIED that are set in the output of `apt-config dump`."""
    options = dict(re.findall(r'(?m)^(\S+) "(.*)";$', dump))
    return {name: options[name] for name in CARRIED if options.get(name)}


def machine_options() -> Mapping[str, str]:
    """Return those of CARRIED that this machine sets."""
    return carried_options(programs.run(("apt-config", "dump")))
