"""Log lines of the Go programs, as they look where standard error is not a terminal."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

_quiet = False


def be_quiet() -> None:
    """Print errors alone from now on."""
    global _quiet  # noqa: PLW0603 - one process, one switch
    _quiet = True


def info(text: str) -> None:
    """Print an informational line."""
    if not _quiet:
        _line("info", text)


def warning(text: str) -> None:
    """Print a warning."""
    if not _quiet:
        _line("warning", text)


def error(text: str) -> None:
    """Print an error."""
    _line("error", text)


def _line(level: str, text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    sys.stderr.write(f'time="{now}" level={level} msg="{quoted}"\n')
