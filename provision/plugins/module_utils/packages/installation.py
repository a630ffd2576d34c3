"""What a request comes to on this host, and whether it may be carried out."""

from __future__ import annotations

import os
from typing import Dict, Mapping, NamedTuple, Optional

from ..host.refusal import RefusedError
from .managers import PackageManager
from .transaction import Request, Transaction, judge

_MIB = 1024 * 1024


class Foreseen(NamedTuple):
    """A request that may be carried out: what changes, and the versions that were installed before."""

    transaction: Transaction
    installed: Dict[str, str]


def foresee(packages: PackageManager, request: Request, free_space_mib: int) -> Foreseen:
    """Return what meeting the request changes; changes nothing.

    `free_space_mib` is what has to be left on the disk for what packages build when they are configured. Raises
    PackageManagerError, and RefusedError for a transaction that goes beyond the request or does not fit on the disk.
    """
    installed = packages.installed()
    transaction = packages.simulate(request)
    refusal = judge(request, transaction, installed, packages.held())
    if refusal:
        raise RefusedError(refusal.message, refusal.hint)
    if transaction.arriving:
        _refuse_full_disk(packages, transaction, free_space_mib)
    return Foreseen(transaction, installed)


def _refuse_full_disk(packages: PackageManager, transaction: Transaction, reserve: int) -> None:
    space = packages.space(transaction.arriving)
    needed = {"/usr": space.installed_bytes, "/var/cache": space.download_bytes, "/var/lib": reserve * _MIB}
    by_device: Dict[int, Dict[str, int]] = {}
    for path, amount in needed.items():
        by_device.setdefault(os.stat(path).st_dev, {})[path] = amount
    for paths in by_device.values():
        problem = _shortage(paths)
        if problem:
            raise RefusedError(problem, "free some space; nothing was changed")


def _shortage(paths: Mapping[str, int]) -> Optional[str]:
    """Return a sentence where one file system is too small for what these paths of it need."""
    path = next(iter(paths))
    room = os.statvfs(path)
    free, total = room.f_bavail * room.f_frsize, sum(paths.values())
    if total <= free:
        return None
    return "the file system of %s has %d MiB free, %d MiB are needed" % (
        ", ".join(sorted(paths)),
        free // _MIB,
        -(-total // _MIB),
    )
