"""What one run of a package manager would do, and whether that is what was asked for. Pure."""

from __future__ import annotations

import fnmatch
from typing import Callable, Dict, FrozenSet, Iterable, List, Mapping, NamedTuple, Optional, Tuple

from .versions import upstream


class Request(NamedTuple):
    """What is asked of the package manager."""

    packages: Mapping[str, Optional[str]]
    """Package name and exact version; None where any version will do."""
    absent: FrozenSet[str] = frozenset()
    hold: FrozenSet[str] = frozenset()
    allow_downgrade: bool = False
    allow_upgrades: Tuple[str, ...] = ()
    """Patterns of package names that may be upgraded although nobody asked for it."""


class Transaction(NamedTuple):
    """What changes: versions after the run, by package name."""

    install: Dict[str, str]
    upgrade: Dict[str, str]
    downgrade: Dict[str, str]
    remove: List[str]
    hold: List[str]
    unhold: List[str]

    def __bool__(self) -> bool:
        """Tell whether anything changes."""
        return any(self)

    @property
    def arriving(self) -> Dict[str, str]:
        """Packages whose files are written."""
        return {**self.install, **self.upgrade, **self.downgrade}


class Refusal(NamedTuple):
    """Why a transaction must not run, and what cures it."""

    message: str
    hint: str


def differing(request: Request, installed: Mapping[str, str]) -> Dict[str, Optional[str]]:
    """Return the packages of a request that are not installed as asked."""
    return {
        name: version
        for name, version in request.packages.items()
        if name not in installed or version not in (None, installed[name])
    }


def family(
    requested: Mapping[str, Optional[str]],
    shunned: Iterable[str],
    dependencies: Callable[[Mapping[str, str]], Mapping[str, List[List[str]]]],
    versions: Callable[[List[str]], Mapping[str, List[str]]],
) -> Dict[str, str]:
    """Return what packages at exact versions depend on that is offered at the same upstream version, exactly.

    `dependencies` maps name → version to name → groups of alternatives; `versions` lists what is offered,
    newest first. Of a group of alternatives the one that was asked for counts, else the first that is not
    shunned. A loose dependency of a driver on its libraries (`>=`) would otherwise be met by the newest
    branch's libraries.
    """
    avoided = set(shunned)
    members: Dict[str, str] = {}
    frontier = {name: version for name, version in requested.items() if version}
    while frontier:
        wanted: Dict[str, str] = {}
        for name, groups in dependencies(frontier).items():
            for group in groups:
                chosen = _alternative(group, {*requested, *members, *wanted}, avoided)
                if chosen:
                    wanted.setdefault(chosen, frontier[name])
        offered = versions(sorted(wanted))
        frontier = {}
        for name, version in wanted.items():
            match = _same_release(version, offered.get(name, []))
            if match:
                frontier[name] = match
        members.update(frontier)
    return members


def judge(
    request: Request, transaction: Transaction, installed: Mapping[str, str], held: FrozenSet[str]
) -> Optional[Refusal]:
    """Return why this transaction goes beyond the request, or None when it does not."""
    asked = {*request.packages, *request.absent}
    foreign = sorted(set(transaction.remove) - asked)
    if foreign:
        return Refusal(
            "the package manager would remove %s" % ", ".join(foreign),
            "these packages conflict with what is to be installed; remove them, or leave this host out",
        )
    unwanted = sorted(request.absent & set(transaction.arriving))
    if unwanted:
        return Refusal(
            "%s would be installed although it must be absent" % ", ".join(unwanted),
            "another package depends on it; see `apt-cache rdepends --installed`, or `dnf repoquery --whatrequires`",
        )
    lowered = sorted(set(transaction.downgrade))
    if lowered and not request.allow_downgrade:
        changes = ["%s %s -> %s" % (each, installed[each], transaction.downgrade[each]) for each in lowered]
        return Refusal("a downgrade: %s" % ", ".join(changes), "name the exact version that is wanted")
    moved = {**transaction.upgrade, **transaction.downgrade}
    kept = sorted(set(moved) & held - asked)
    if kept:
        return Refusal(
            "%s is held and would change" % ", ".join(kept),
            "see `apt-mark showhold`, or `dnf versionlock list`",
        )
    stray = sorted(
        name
        for name in moved
        if name not in asked and not any(fnmatch.fnmatch(name, each) for each in request.allow_upgrades)
    )
    if stray:
        changes = ["%s %s -> %s" % (name, installed[name], moved[name]) for name in stray]
        return Refusal(
            "packages that were not asked for would change: %s" % ", ".join(changes),
            "upgrade the host's own packages first, when that suits you",
        )
    return None


def described(transaction: Transaction, installed: Mapping[str, str]) -> "tuple[str, str]":
    """Return the state of the touched packages before and after, one a line, for a diff."""
    before = ["%s %s" % (name, installed[name]) for name in installed if name in transaction.arriving]
    before += ["%s %s" % (name, installed.get(name, "")) for name in transaction.remove]
    before += ["%s held" % name for name in transaction.unhold]
    after = ["%s %s" % pair for pair in transaction.arriving.items()]
    after += ["%s held" % name for name in transaction.hold]
    return tuple("".join("%s\n" % line.rstrip() for line in sorted(lines)) for lines in (before, after))  # type: ignore[return-value]


def _alternative(group: List[str], known: Iterable[str], avoided: Iterable[str]) -> Optional[str]:
    """Return the dependency to follow, or None where one that is known already meets it."""
    if set(group) & set(known):
        return None
    return next((each for each in group if each not in set(avoided)), None)


def _same_release(version: str, offered: List[str]) -> Optional[str]:
    """Return the very version where there is one, else the newest packaging of the same upstream version."""
    fit = [each for each in offered if upstream(each) == upstream(version)]
    return version if version in fit else next(iter(fit), None)
