"""Words that several screens share."""

from collections.abc import Iterable

from rich.text import Text

NO_CHANGES = "No changes. The fleet matches the inventory"


def hosts(count: int) -> str:
    """Return `1 host` or `4 hosts`."""
    return f"{count} {'host' if count == 1 else 'hosts'}"


def listed(words: Iterable[str]) -> str:
    """Return `a`, `a and b` or `a, b and c`; there must be at least one."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def trouble(who: str, what: str, hint: str | None, style: str = "bold red") -> Text:
    """Return `who: what`, and on a line below it what cures it."""
    text = Text.assemble((f"{who}: ", style), what)
    if hint:
        text.append("\nhint: ", style="cyan").append(hint)
    return text
