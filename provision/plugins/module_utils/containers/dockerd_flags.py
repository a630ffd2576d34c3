"""The flags that systemd starts dockerd with, and the daemon.json keys that they take.

dockerd refuses to start when a key is given both as a flag and in daemon.json. `runtimes` is the exception:
moby merges both (`skipDuplicates` in daemon/config/config.go), so only the same runtime twice is a conflict.
"""

from __future__ import annotations

import re
import shlex
from typing import Dict, Iterable, List, Mapping, NamedTuple, Optional, Tuple

_SHORT = {
    "-D": "debug",
    "-G": "group",
    "-H": "hosts",
    "-b": "bridge",
    "-g": "data-root",
    "-l": "log-level",
    "-s": "storage-driver",
}
# Flags that may be repeated have their key in the plural; what is not here is called the same in both places.
_PLURAL = {
    "add-runtime": "runtimes",
    "allow-nondistributable-artifacts": "allow-nondistributable-artifacts",
    "authorization-plugin": "authorization-plugins",
    "cdi-spec-dir": "cdi-spec-dirs",
    "cluster-store-opt": "cluster-store-opts",
    "default-address-pool": "default-address-pools",
    "default-network-opt": "default-network-opts",
    "default-ulimit": "default-ulimits",
    "dns-opt": "dns-opts",
    "exec-opt": "exec-opts",
    "feature": "features",
    "graph": "data-root",
    "host": "hosts",
    "insecure-registry": "insecure-registries",
    "label": "labels",
    "log-opt": "log-opts",
    "node-generic-resource": "node-generic-resources",
    "registry-mirror": "registry-mirrors",
    "storage-opt": "storage-opts",
}
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


class Flag(NamedTuple):
    """A dockerd flag: the daemon.json key that it stands for, its value ('' for none) and its source."""

    key: str
    value: str
    source: str


def parse_unit(text: str, read_file: Mapping[str, str]) -> List[Flag]:
    """Return the flags of dockerd from the output of `systemctl cat docker.service`.

    `read_file` maps the paths of environment files that exist to their text. The source of a flag is the unit
    or drop-in whose ExecStart is in force, or the file that set the variable with the flag.
    """
    command, source = "", ""
    variables: Dict[str, Tuple[str, str]] = {}
    for path, name, value in _settings(text):
        if name == "ExecStart":
            command, source = value.lstrip("-@:+!"), path
        elif name == "Environment":
            for assignment in _split(value):
                variable, _, content = assignment.partition("=")
                variables[variable] = (content, path)
        elif name == "EnvironmentFile":
            file = value.lstrip("-")
            for variable, content in _assignments(read_file.get(file, "")):
                variables[variable] = (content, file)
    return list(_flags(_words(command, source, variables)))


def environment_files(text: str) -> List[str]:
    """Return the paths that EnvironmentFile= names in the output of `systemctl cat`."""
    return [value.lstrip("-") for _, name, value in _settings(text) if name == "EnvironmentFile" and value]


def conflicts(flags: Iterable[Flag], paths: Iterable[Tuple[str, ...]]) -> List[Tuple[str, Flag]]:
    """Return which of the given paths of daemon.json are flags as well, each with its flag."""
    found = []
    for path in paths:
        for flag in flags:
            if flag.key != path[0]:
                continue
            if flag.key == "runtimes" and flag.value.partition("=")[0] != "".join(path[1:2]):
                continue
            found.append((".".join(path), flag))
    return found


def _settings(text: str) -> Iterable[Tuple[str, str, str]]:
    """Yield (file, name, value) of a unit's lines; `systemctl cat` puts `# /path` before each file."""
    path = ""
    for line in re.sub(r"\\\n", " ", text).splitlines():
        header = re.match(r"# (/\S+)$", line)
        if header:
            path = header.group(1)
            continue
        name, separator, value = line.partition("=")
        if separator and not line.lstrip().startswith(("#", ";")):
            yield path, name.strip(), value.strip()


def _words(command: str, source: str, variables: Mapping[str, Tuple[str, str]]) -> Iterable[Tuple[str, str]]:
    """Yield the words of a command, each with its file; `$NAME` alone is split, as systemd does."""
    for word in _split(command)[1:]:
        whole = re.match(r"\$(\w+)$", word)
        if whole:
            content, file = variables.get(whole.group(1), ("", source))
            for part in _split(content):
                yield part, file
        else:
            yield _VARIABLE.sub(lambda found: variables.get(found[1] or found[2], ("", ""))[0], word), source


def _flags(words: Iterable[Tuple[str, str]]) -> Iterable[Flag]:
    pending: Optional[Tuple[str, str]] = None
    for word, source in words:
        if not word.startswith("-"):
            if pending is not None:
                yield Flag(pending[0], word, pending[1])
                pending = None
            continue
        if pending is not None:
            yield Flag(pending[0], "", pending[1])
        name, equals, value = word.partition("=")
        key = _SHORT.get(name) or _PLURAL.get(name.lstrip("-"), name.lstrip("-"))
        pending = None if equals else (key, source)
        if equals:
            yield Flag(key, value, source)
    if pending is not None:
        yield Flag(pending[0], "", pending[1])


def _assignments(text: str) -> Iterable[Tuple[str, str]]:
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.lstrip().startswith(("#", ";")):
            yield name.strip(), value.strip().strip("\"'")


def _split(text: str) -> List[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()
