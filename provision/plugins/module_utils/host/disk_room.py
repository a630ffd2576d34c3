"""Disks that take nothing more: told before a role begins, not in its middle."""

from __future__ import annotations

import os
from typing import Iterable, Optional

_LEAST = 1024 * 1024

HINT = "nothing was changed; `df -h` and `findmnt` on the host tell which disk it is"


def obstacle(paths: Iterable[str]) -> Optional[str]:
    """Return why files cannot be written in the first of these folders that is full or read-only, or None.

    Of a folder that does not exist, the nearest that does counts.
    """
    for folder in map(_nearest, paths):
        system = os.statvfs(folder)
        if system.f_flag & os.ST_RDONLY:
            return "%s is mounted read-only" % folder
        if system.f_bavail * system.f_frsize < _LEAST or (system.f_files and not system.f_favail):
            return "no space left in %s" % folder
    return None


def _nearest(path: str) -> str:
    return path if os.path.isdir(path) else _nearest(os.path.dirname(path))
