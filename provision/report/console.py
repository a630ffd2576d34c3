"""The two streams: data on stdout, talk on stderr."""

import os
import sys

from rich.console import Console

_WIDE = 140


def data() -> Console:
    """Return the console for what the command was asked for; a file or a pipe has no edge to wrap at."""
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else _WIDE
    return Console(highlight=False, soft_wrap=False, width=width)


def talk() -> Console:
    """Return the console for progress, questions and remarks."""
    return Console(stderr=True, highlight=False)
