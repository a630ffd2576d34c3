"""Command-line flags as Go programs take them: -name value, --name=value, switches with or without =false."""

from __future__ import annotations

from typing import Any


class FlagError(Exception):
    """A flag that the command does not know, or one without its value."""


def parse(arguments: list[str], switches: set[str], values: set[str]) -> tuple[dict[str, Any], list[str]]:
    """Return flags by name, and the words that are none. A flag given more than once has a list's last value.

    Values are strings, except those of `values` names that end in `*`, which collect in lists.
    """
    found: dict[str, Any] = {}
    words = []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-") or word == "-":
            words.append(word)
            continue
        name, has_value, value = word.lstrip("-").partition("=")
        if name in switches:
            found[name] = not has_value or value.lower() in {"true", "1", "t"}
        elif name in values or f"{name}*" in values:
            if not has_value:
                if not rest:
                    raise FlagError(f"flag needs an argument: -{name}")
                value = rest.pop(0)
            if f"{name}*" in values:
                found.setdefault(name, []).append(value)
            else:
                found[name] = value
        else:
            raise FlagError(f"flag provided but not defined: -{name}")
    return found, words
