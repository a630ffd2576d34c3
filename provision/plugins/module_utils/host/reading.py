"""Files that may not be there. Runs on hosts (Python 3.8, standard library only)."""

from __future__ import annotations

from typing import Optional


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
