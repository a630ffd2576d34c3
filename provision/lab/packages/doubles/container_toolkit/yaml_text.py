"""The block style of YAML that specifications are written in: mappings, sequences, plain and quoted scalars.

Hosts have no YAML library. `read` also takes JSON, which is YAML too.
"""

from __future__ import annotations

import json
import re
from typing import Any

_PLAIN = re.compile(r"^[A-Za-z/_.][A-Za-z0-9/_.=,+-]*$")
_AMBIGUOUS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


def write(value: dict[str, Any]) -> str:
    """Return a mapping as a YAML document."""
    return "---\n" + "".join(line + "\n" for line in _lines(value))


def _lines(value: dict[str, Any] | list[Any]) -> list[str]:
    lines = []
    if isinstance(value, dict):
        for key, item in value.items():
            lines += _entry(f"{key}:", item, "    ")
    else:
        for item in value:
            nested = _lines(item) if isinstance(item, (dict, list)) else [_scalar(item)]
            lines += [("- " if count == 0 else "  ") + line for count, line in enumerate(nested)]
    return lines


def _entry(head: str, item: object, indent: str) -> list[str]:
    if isinstance(item, (dict, list)):
        if not item:
            return [head + (" {}" if isinstance(item, dict) else " []")]
        return [head] + [indent + line for line in _lines(item)]
    return [f"{head} {_scalar(item)}"]


def _scalar(value: object) -> str:
    text = str(value)
    if not isinstance(value, str) or (_PLAIN.match(text) and text.lower() not in _AMBIGUOUS):
        return text
    return json.dumps(text)


def read(text: str) -> dict[str, Any]:
    """Return the mapping that a document holds. Raises ValueError on anything outside of the style above."""
    if text.lstrip().startswith("{"):
        value = json.loads(text)
    else:
        lines = [
            (number, len(line) - len(line.lstrip(" ")), line.strip())
            for number, line in enumerate(text.splitlines(), 1)
            if line.strip() and not line.lstrip().startswith("#") and line.strip() != "---"
        ]
        value, rest = _block(lines, 0)
        if rest < len(lines):
            raise ValueError(f"line {lines[rest][0]}: unexpected indentation")
    if not isinstance(value, dict):
        raise ValueError("not a mapping")  # noqa: TRY004 - bad text, not a bad argument
    return value


def _block(lines: list[tuple[int, int, str]], start: int) -> tuple[object, int]:
    if start >= len(lines):
        return None, start
    indent = lines[start][1]
    return (
        _sequence(lines, start, indent) if lines[start][2].startswith("-") else _mapping(lines, start, indent)
    )


def _sequence(lines: list[tuple[int, int, str]], at: int, indent: int) -> tuple[list[object], int]:
    items: list[object] = []
    while at < len(lines) and lines[at][1] == indent and lines[at][2].startswith("-"):
        number, _, text = lines[at]
        rest = text[1:].lstrip()
        inner = indent + len(text) - len(rest)
        if _key(rest) is None:
            items.append(_value(rest, number))
            at += 1
        else:
            lines[at] = (number, inner, rest)
            value, at = _mapping(lines, at, inner)
            items.append(value)
    return items, at


def _mapping(lines: list[tuple[int, int, str]], at: int, indent: int) -> tuple[dict[str, Any], int]:
    mapping: dict[str, Any] = {}
    while at < len(lines) and lines[at][1] == indent and not lines[at][2].startswith("- "):
        number, _, text = lines[at]
        split = _key(text)
        if split is None:
            raise ValueError(f"line {number}: could not find expected ':'")
        key, rest = split
        at += 1
        if rest:
            mapping[key] = _value(rest, number)
        elif at < len(lines) and (
            lines[at][1] > indent or (lines[at][1] == indent and lines[at][2].startswith("-"))
        ):
            mapping[key], at = _block(lines, at)
        else:
            mapping[key] = None
    return mapping, at


def _key(text: str) -> tuple[str, str] | None:
    match = re.match(r"^([A-Za-z][A-Za-z0-9_.-]*):(?:\s+(.*))?$", text)
    return (match.group(1), match.group(2) or "") if match else None


def _value(text: str, number: int) -> object:
    if text.startswith('"'):
        try:
            return json.loads(text)
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from error
    if text.startswith("'") and text.endswith("'"):
        return text[1:-1].replace("''", "'")
    if text in ("[]", "{}"):
        return [] if text == "[]" else {}
    if text[:1] in "[{&*!|>%@`":
        raise ValueError(f"line {number}: did not find expected node content")
    return text
