"""Files of a host: read where they may be missing, written at once, backed up.

What is written at once is there as before or as wanted for every reader, also after a kill or a power cut.
"""

from __future__ import annotations

import contextlib
import json
import os
from datetime import datetime, timezone
from typing import Any, Callable, Optional, Tuple

BACKUPS = "/var/lib/provision/backup"
_KEPT = 10

Label = Callable[[str], None]
"""Is called with the temporary file before it takes its place, for its SELinux context."""


def read_bytes(path: str) -> Optional[bytes]:
    """Return a file's content, or None where there is no such file."""
    try:
        with open(path, "rb") as handle:
            return handle.read()
    except (FileNotFoundError, NotADirectoryError):
        return None


def read_text(path: str) -> Optional[str]:
    """Return a file's text, or None where there is no such file."""
    data = read_bytes(path)
    return None if data is None else data.decode("utf-8", "replace")


def put(
    path: str,
    content: bytes,
    mode: int = 0o644,
    owner: Optional[Tuple[int, int]] = None,
    label: Optional[Label] = None,
) -> None:
    """Have a file with this content, mode and owner (user and group; as a rule, this process's).

    Whatever had its path is gone then, a link too. Raises OSError; what was there is then untouched.
    """
    folder, name = os.path.split(os.path.abspath(path))
    temporary = os.path.join(folder, ".%s.%d" % (name, os.getpid()))
    with contextlib.suppress(FileNotFoundError):
        os.unlink(temporary)  # a process that had our number was killed
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        if owner is not None:
            os.chown(temporary, *owner)
        os.chmod(temporary, mode)
        if label is not None:
            label(temporary)
        os.rename(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    sync_folder(folder)


def replace(path: str, content: bytes, mode: int = 0o644, label: Optional[Label] = None) -> None:
    """Write `content` to `path` (a symbolic link stays, its target is replaced).

    An existing file keeps its mode and owner, a new one gets `mode`. Raises OSError; the old file is then
    untouched.
    """
    target = os.path.realpath(path)
    owner = None
    with contextlib.suppress(FileNotFoundError):
        status = os.stat(target)
        mode, owner = status.st_mode & 0o7777, (status.st_uid, status.st_gid)
    put(target, content, mode, owner, label)


def read_note(path: str) -> Any:  # noqa: ANN401 - whatever JSON somebody wrote
    """Return the value of a JSON file; None where it cannot be read, or holds something else."""
    try:
        with open(path, encoding="utf-8") as stream:
            return json.load(stream)
    except (OSError, ValueError):
        return None


def write_note(path: str, value: object, mode: int = 0o600) -> None:
    """Have a file with this value as JSON. Its folder has to be there. Raises OSError."""
    put(path, json.dumps(value, sort_keys=True).encode(), mode)


def back_up(path: str, folder: str = BACKUPS) -> str:
    """Copy a file to `folder`/NAME.TIME~ (mode 0600), keep the newest ten, and return the path."""
    name = os.path.basename(path)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    # To the microsecond: a second copy must not take the place of one that a note names.
    copy = os.path.join(folder, f"{name}.{datetime.now(timezone.utc):%Y%m%dT%H%M%S.%fZ}~")
    with open(path, "rb") as stream:
        put(copy, stream.read(), mode=0o600)
    former = sorted(
        entry for entry in os.listdir(folder) if entry.startswith(name + ".") and entry.endswith("~")
    )
    for entry in former[:-_KEPT]:
        os.unlink(os.path.join(folder, entry))
    return copy


def sync_folder(folder: str) -> None:
    """Have what was renamed or removed in a folder on the disk. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
