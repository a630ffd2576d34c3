"""Files replaced at once: a reader sees the old content or the new one, also after a power cut."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from typing import Callable, Optional

BACKUPS = "/var/lib/provision/backup"
_KEPT = 10


def replace(
    path: str, content: bytes, mode: int = 0o644, label: Optional[Callable[[str], None]] = None
) -> None:
    """Write `content` to `path` (a symbolic link stays, its target is replaced).

    An existing file keeps its mode and owner, a new one gets `mode`. `label` is called with the temporary
    file before it takes the place, for its SELinux context. Raises OSError; the old file is then untouched.
    """
    target = os.path.realpath(path)
    folder = os.path.dirname(target)
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{os.path.basename(target)}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        with contextlib.suppress(FileNotFoundError):
            status = os.stat(target)
            mode = status.st_mode & 0o7777
            os.chown(temporary, status.st_uid, status.st_gid)
        os.chmod(temporary, mode)
        if label is not None:
            label(temporary)
        os.rename(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    _sync(folder)


def back_up(path: str, folder: str = BACKUPS) -> str:
    """Copy a file to `folder`/NAME.TIME~ (mode 0600), keep the newest ten, and return the path."""
    name = os.path.basename(path)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    copy = os.path.join(folder, f"{name}.{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}~")
    with open(path, "rb") as stream:
        replace(copy, stream.read(), mode=0o600)
    former = sorted(
        entry for entry in os.listdir(folder) if entry.startswith(name + ".") and entry.endswith("~")
    )
    for entry in former[:-_KEPT]:
        os.unlink(os.path.join(folder, entry))
    return copy


def _sync(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
