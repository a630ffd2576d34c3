"""Orders package versions as dpkg and rpm do, without asking either. Pure."""

from __future__ import annotations

import re
from functools import cmp_to_key
from typing import Callable, Iterable, List

_REPACKED = re.compile(r"[+~.](?:dfsg|ds|repack)[0-9.]*$")

Compare = Callable[[str, str], int]


def upstream(version: str) -> str:
    """Return a package version without epoch, packaging revision and the mark of repacked sources.

    `3:580.95.05-1.el9` is `580.95.05`, and `20.10.24+dfsg1-1+deb12u1` is `20.10.24`.
    """
    without_epoch = version.split(":", 1)[-1]
    return _REPACKED.sub("", without_epoch.rsplit("-", 1)[0])


def compare_debian(left: str, right: str) -> int:
    """Return -1, 0 or 1 as `dpkg --compare-versions` orders; deb-version(7)."""
    for one, other in zip(_debian_parts(left), _debian_parts(right)):
        order = _compare_debian_part(one, other)
        if order:
            return order
    return 0


def compare_rpm(left: str, right: str) -> int:
    """Return -1, 0 or 1 as rpm orders `[epoch:]version-release`."""
    for one, other in zip(_rpm_parts(left), _rpm_parts(right)):
        order = _compare_rpm_part(one, other)
        if order:
            return order
    return 0


def newest_first(versions: Iterable[str], compare: Compare) -> List[str]:
    """Return the versions without duplicates, newest first."""
    return sorted(set(versions), key=cmp_to_key(compare), reverse=True)


def _debian_parts(version: str) -> "tuple[str, str, str]":
    epoch, _, rest = version.rpartition(":") if ":" in version else ("0", "", version)
    head, dash, revision = rest.rpartition("-")
    return (epoch, head, revision) if dash else (epoch, revision, "0")


def _compare_debian_part(left: str, right: str) -> int:
    """Compare by turns a run of non-digits, where `~` sorts before the end, and a number."""
    while left or right:
        words = [re.match(r"\D*", each).group(0) for each in (left, right)]  # type: ignore[union-attr]
        for position in range(max(map(len, words))):
            one, other = (_debian_weight(word[position : position + 1]) for word in words)
            if one != other:
                return -1 if one < other else 1
        left, right = left[len(words[0]) :], right[len(words[1]) :]
        numbers = [re.match(r"\d*", each).group(0) for each in (left, right)]  # type: ignore[union-attr]
        first, second = (int(each or 0) for each in numbers)
        if first != second:
            return -1 if first < second else 1
        left, right = left[len(numbers[0]) :], right[len(numbers[1]) :]
    return 0


def _debian_weight(character: str) -> int:
    if character == "~":
        return -1
    if not character:
        return 0
    return ord(character) if character.isalpha() else ord(character) + 256


def _rpm_parts(version: str) -> "tuple[str, str, str]":
    epoch, _, rest = version.rpartition(":") if ":" in version else ("0", "", version)
    head, dash, release = rest.rpartition("-")
    return (epoch or "0", head, release) if dash else (epoch or "0", release, "")


def _compare_rpm_part(left: str, right: str) -> int:
    """Compare runs of digits and of letters; the rest separates, but `~` is before the end, `^` after."""
    ones, others = (re.findall(r"\d+|[a-zA-Z]+|~|\^", each) for each in (left, right))
    for position in range(max(len(ones), len(others))):
        one = ones[position] if position < len(ones) else ""
        other = others[position] if position < len(others) else ""
        if one == other:
            continue
        first, second = _rpm_weight(one), _rpm_weight(other)
        if first != second:
            return -1 if first < second else 1
    return 0


def _rpm_weight(part: str) -> "tuple[int, int, str]":
    if part == "~":
        return (0, 0, "")
    if part == "":
        return (1, 0, "")
    if part == "^":
        return (2, 0, "")
    return (4, int(part), "") if part.isdigit() else (3, 0, part)
