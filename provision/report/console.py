"""The two streams: data on stdout, talk on stderr."""

from rich.console import Console


def data() -> Console:
    """Return the console for what the command was asked for."""
    return Console(highlight=False, soft_wrap=False)


def talk() -> Console:
    """Return the console for progress, questions and remarks."""
    return Console(stderr=True, highlight=False)
