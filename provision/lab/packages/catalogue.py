"""packages.yml as values: which packages exist in which repository, and what each installs."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from provision import yaml_file

RELATIONS = ("depends", "provides", "conflicts", "breaks", "replaces")
SOURCES = ("built", "module", "stub", "content", "double", "entry", "tree", "link")

_DATA = Path(__file__).with_name("packages.yml")
_FIRST_UNSUFFIXED_BRANCH = 580


@dataclass(frozen=True)
class Item:
    """One thing that a package installs: `path` without a leading slash, where it comes from, its mode."""

    path: str
    source: str
    value: str
    mode: int
    conffile: bool


@dataclass(frozen=True)
class Package:
    """One version of one package. `revision` is the full Debian version, `version` the upstream part."""

    name: str
    revision: str
    architecture: str
    section: str
    description: str
    relations: Mapping[str, Sequence[str]]
    items: Sequence[Item]
    scripts: Mapping[str, str]
    units: Mapping[str, str]
    libraries: bool

    @property
    def version(self) -> str:
        """Return the upstream version: 580.95.05 of 580.95.05-1."""
        return self.revision.rpartition("-")[0]

    @property
    def file_name(self) -> str:
        """Return the name of the package file, as dpkg-deb would choose it."""
        return f"{self.name}_{self.revision}_{self.architecture}.deb"


@dataclass(frozen=True)
class Repository:
    """A flat repository, published with the same contents in every one of `directories`."""

    directories: Sequence[str]
    origin: str
    label: str
    packages: Sequence[Package]


@dataclass(frozen=True)
class Catalogue:
    """Everything in packages.yml. `loose` packages lie in `loose_directory` without an index."""

    repositories: Sequence[Repository]
    loose_directory: str
    loose: Sequence[Package] = field(default=())

    @property
    def packages(self) -> list[Package]:
        """Return every package, of repositories and loose ones."""
        return [package for repository in self.repositories for package in repository.packages] + [
            *self.loose
        ]


def read(kernel: str, data: Path = _DATA) -> Catalogue:
    """Return the catalogue for hosts that run the kernel release `kernel`."""
    document = yaml_file.read(data)
    sets: Mapping[str, Any] = document["sets"]
    return Catalogue(
        repositories=[
            Repository(
                directories=entry["directories"],
                origin=entry["origin"],
                label=entry["label"],
                packages=[package for name in entry["sets"] for package in _expand(sets, name, kernel)],
            )
            for entry in document["repositories"]
        ],
        loose_directory=document["loose"]["directory"],
        loose=[package for name in document["loose"]["sets"] for package in _expand(sets, name, kernel)],
    )


def _expand(sets: Mapping[str, Any], name: str, kernel: str) -> list[Package]:
    entry = sets[name]
    packages = [
        _package(package, revision, kernel) for revision in entry["versions"] for package in entry["packages"]
    ]
    for included in entry.get("include", []):
        packages += [
            _package(package, revision, kernel)
            for revision in included["versions"]
            for package in sets[included["set"]]["packages"]
        ]
    return packages


def _package(entry: Mapping[str, Any], revision: str, kernel: str) -> Package:
    revision = entry.get("version", revision).format(kernel_version=_leading_number(kernel))
    version = revision.rpartition("-")[0]
    branch = version.split(".")[0]
    values = {
        "revision": revision,
        "version": version,
        "branch": branch,
        "suffix": f"-{branch}" if int(branch) < _FIRST_UNSUFFIXED_BRANCH else "",
        "kernel": kernel,
    }
    return Package(
        name=entry["name"].format(**values),
        revision=revision,
        architecture=entry.get("architecture", "amd64"),
        section=entry.get("section", "utils"),
        description=entry["description"].format(**values),
        relations={
            kind: [text.format(**values) for text in entry[kind]] for kind in RELATIONS if entry.get(kind)
        },
        items=[_item(item, values) for item in entry.get("files", []) if _applies(item, version)],
        scripts=entry.get("scripts", {}),
        units=entry.get("units", {}),
        libraries=entry.get("libraries", False),
    )


def _item(entry: Mapping[str, Any], values: Mapping[str, str]) -> Item:
    [source] = [kind for kind in SOURCES if kind in entry]
    path = entry["path"].format(**values)
    executable = {"bin", "sbin"} & set(Path(path).parent.parts)
    return Item(
        path=path,
        source=source,
        value=entry[source].format(**values),
        mode=int(entry.get("mode", "0755" if executable else "0644"), 8),
        conffile=entry.get("conffile", False),
    )


def _applies(entry: Mapping[str, Any], version: str) -> bool:
    number = _numbers(version)
    since, before = entry.get("since"), entry.get("before")
    return (since is None or number >= _numbers(since)) and (before is None or number < _numbers(before))


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def _leading_number(kernel: str) -> str:
    """Return 6.18.44 of 6.18.44-cloud-amd64: what may stand in a package's version."""
    match = re.match(r"[0-9]+(\.[0-9]+)*", kernel)
    return match.group() if match else "0"
