"""The package manager of a host, whichever it is."""

from __future__ import annotations

import contextlib
from typing import Any, Dict, FrozenSet, Iterator, List, Mapping, NamedTuple, Optional

from ..host.disk_room import HINT, obstacle
from ..host.module import Module
from ..host.os_release import APT
from .repositories import ARGUMENTS, RepositoryError, RepositoryFiles
from .repository_files import MANAGER, PENDING, files_of, manager
from .transaction import Request, Transaction

_WRITTEN = ("/var/lib", "/var/cache", "/etc", "/usr")
"""Where every installation writes."""


OPTIONS: Dict[str, Dict[str, Any]] = {
    "pending_repositories": dict(PENDING, options=ARGUMENTS),
    "lists_max_age": {"type": "int", "default": 3600},
    "lock_timeout": {"type": "int", "default": 600},
    "manager": MANAGER,
}
"""Options of every module that has a package manager opened."""


class PackageManagerError(Exception):
    """The package manager cannot do what is asked; `hint` says what cures it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class Space(NamedTuple):
    """Disk space that a transaction needs."""

    download_bytes: int
    installed_bytes: int


class PackageManager:
    """What both package managers do. Reading changes nothing of the host in check mode."""

    def refresh(self) -> None:
        """Bring the lists of packages up to date where they are too old, or a pending repository has none."""
        raise NotImplementedError

    def installed(self) -> Dict[str, str]:
        """Return the version of every installed package."""
        raise NotImplementedError

    def held(self) -> FrozenSet[str]:
        """Return the packages that are held."""
        raise NotImplementedError

    def versions(self, names: List[str]) -> Dict[str, List[str]]:
        """Return the versions on offer, newest first; an empty list where there are none."""
        raise NotImplementedError

    def dependencies(self, packages: Mapping[str, str]) -> Dict[str, List[List[str]]]:
        """Return, for packages at exact versions, groups of alternative names that each depends on."""
        raise NotImplementedError

    def simulate(self, request: Request) -> Transaction:
        """Return what meeting the request would change. Raises PackageManagerError where it cannot be met."""
        raise NotImplementedError

    def space(self, arriving: Mapping[str, str]) -> Space:
        """Return what packages at exact versions need."""
        raise NotImplementedError

    def commit(self, request: Request, transaction: Transaction) -> None:
        """Carry out a transaction that simulate() returned for this request."""
        raise NotImplementedError

    def reinstall(self, packages: Mapping[str, str]) -> None:
        """Install the files of packages again, at the versions that they have. Holds stay."""
        raise NotImplementedError


def refuse_unknown(
    wanted: Mapping[str, Optional[str]], offered: Mapping[str, List[str]], trouble: str = ""
) -> None:
    """Raise PackageManagerError for the first exact version that is not among those on offer.

    `trouble` is what may explain it, such as a repository that could not be read.
    """
    for name, version in sorted(wanted.items()):
        if version and version not in offered.get(name, []):
            known = ", ".join(offered.get(name, [])) or "none; is its repository configured?"
            raise PackageManagerError(
                "no repository offers %s %s" % (name, version), trouble or "versions that exist: %s" % known
            )


@contextlib.contextmanager
def opened(module: Module, options: Mapping[str, Any]) -> Iterator[PackageManager]:
    """Yield the host's package manager with the pending repositories in its sight.

    `options` holds what OPTIONS describes. Raises PackageManagerError where a disk is full or read-only.
    """
    from .apt.manager import AptPackages
    from .dnf.manager import DnfPackages

    problem = obstacle(_WRITTEN)
    if problem is not None:
        raise PackageManagerError("no package can be installed: %s" % problem, HINT)
    choice = manager(options["manager"])
    kind = AptPackages if choice == APT else DnfPackages
    try:
        pending: List[RepositoryFiles] = [files_of(each, choice) for each in options["pending_repositories"]]
    except RepositoryError as error:
        raise PackageManagerError(str(error), error.hint) from error
    with contextlib.ExitStack() as stack:
        yield kind(module, pending, options["lists_max_age"], options["lock_timeout"], stack)
