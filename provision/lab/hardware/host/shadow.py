"""Lay a tree of our own over a place of the kernel's, as a bind mount."""

from __future__ import annotations

import ctypes
import os
import shutil
from pathlib import Path

_MS_BIND = 4096
_MS_REC = 16384
_libc = ctypes.CDLL(None, use_errno=True)


def bind(source: str | Path, target: str | Path) -> None:
    """Show `source` at `target`. Raises OSError where the host does not let us mount."""
    _mount(source, target, _MS_BIND)


def bind_all(source: str | Path, target: str | Path) -> None:
    """Show `source` at `target` together with what is mounted inside it."""
    _mount(source, target, _MS_BIND | _MS_REC)


def _mount(source: str | Path, target: str | Path, flags: int) -> None:
    if _libc.mount(os.fsencode(str(source)), os.fsencode(str(target)), None, flags, None) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(target))


def copy(source: Path, destination: Path) -> None:
    """Copy what can be read of a kernel directory, links as links: the kernel refuses some of its files."""
    destination.mkdir(parents=True, exist_ok=True)
    for entry in sorted(os.scandir(str(source)), key=lambda found: found.name):
        copied = destination / entry.name
        if entry.is_symlink():
            copied.symlink_to(os.readlink(entry.path))
        elif entry.is_dir():
            copy(Path(entry.path), copied)
        else:
            _copy_file(Path(entry.path), copied)


def _copy_file(source: Path, destination: Path) -> None:
    try:
        content = source.read_bytes()
    except OSError:
        content = b""
    destination.write_bytes(content)
    shutil.copymode(str(source), str(destination))


def write(path: Path, text: str) -> None:
    """Write a file of a tree, and the directories that lead to it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def remove(path: Path) -> None:
    """Remove a directory of a tree if it is there."""
    shutil.rmtree(str(path), ignore_errors=True)
