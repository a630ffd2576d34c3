"""Files that are a role's own as a whole: nobody else decides their content, their mode or their owner."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import Dict, Optional

from .files import put, read_bytes

MODE = 0o644


def is_managed(path: str, content: bytes) -> bool:
    """Tell whether `path` is a plain file with this content, mode 0644, and the owner that root's files have."""
    return _found(path) == _attributes(MODE, *_owner()) and read_bytes(path) == content


def manage(path: str, content: bytes) -> None:
    """Make it so. A file that has the content already keeps its time of change. Raises OSError."""
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    if os.path.islink(path) or read_bytes(path) != content:
        put(path, content, MODE, _owner())
    else:
        os.chown(path, *_owner())
        os.chmod(path, MODE)


def attributes(path: str) -> "tuple[str, str]":
    """Return a diff's lines for mode and owner (`0600 1000:0`), before and after; empty where they fit."""
    before, after = _found(path), _attributes(MODE, *_owner())
    return ("", "") if before in (None, after) else ("%s\n" % before, "%s\n" % after)


def diff(path: str, before: str, after: str) -> Dict[str, str]:
    """Return the diff of a file that is managed: its text before and after, with the lines of `attributes`."""
    former, wanted = attributes(path)
    return {
        "before_header": path,
        "after_header": path,
        "before": former + before,
        "after": wanted + after,
    }


def _found(path: str) -> Optional[str]:
    with contextlib.suppress(OSError):
        status = os.lstat(path)
        if stat.S_ISREG(status.st_mode):
            return _attributes(stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid)
    return None


def _attributes(mode: int, user: int, group: int) -> str:
    return "%04o %d:%d" % (mode, user, group)


def _owner() -> "tuple[int, int]":
    # Modules run as root; tests may not.
    return os.geteuid(), os.getegid()
