"""The two streams: data on stdout, talk on stderr."""

import os
import sys
from typing import Any

from rich.console import Console

_WIDE = 140
_PLAIN: dict[str, Any] = {"highlight": False, "markup": False, "emoji": False}
"""Text is what it is: none of a host's is read as a style."""


def data() -> Console:
    """Return the console for what the command was asked for; a file or a pipe has no edge to wrap at."""
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else _WIDE
    return Console(soft_wrap=False, width=width, **_PLAIN)


def talk() -> Console:
    """Return the console for progress, questions and remarks."""
    return Console(stderr=True, **_PLAIN)
