"""The state file: what the simulated GPUs and the simulated kernel module are doing.

One record a line: a kind, then `key=value` fields, all separated by tabs. Kinds: `module` (a loaded kernel module),
`fault`, `model` and `profile` (what a GPU model can do), `gpu`, `gi` and `ci` (GPU and compute instances). The same
file is read and written by the driver library; both replace it under a lock, so a reader always sees a whole one.
"""

from __future__ import annotations

import contextlib
import fcntl
from pathlib import Path
from typing import Dict, Iterator, Tuple

import layout

Record = Tuple[str, Dict[str, str]]
"""A kind and its fields."""


class State:
    """The records of the state file, in their order."""

    def __init__(self, records: list[Record]) -> None:
        self.records = records

    @classmethod
    def load(cls, path: Path = layout.STATE) -> State:
        """Read the state file; a host that was never powered on has no records."""
        try:
            text = path.read_text()
        except FileNotFoundError:
            return cls([])
        return cls([_parse(line) for line in text.splitlines() if line])

    def save(self, path: Path = layout.STATE) -> None:
        """Replace the state file as a whole. Only under `locked`."""
        temporary = Path(str(path) + ".new")
        temporary.write_text("".join(_format(kind, values) for kind, values in self.records))
        temporary.chmod(0o644)
        temporary.replace(path)

    def of(self, kind: str) -> list[dict[str, str]]:
        """Return the records of one kind."""
        return [values for found, values in self.records if found == kind]

    def add(self, kind: str, **values: object) -> None:
        """Append one record; values are written as text."""
        self.records.append((kind, {key: str(value) for key, value in values.items()}))

    def remove(self, kind: str, **match: object) -> None:
        """Drop the records of one kind whose fields match."""
        wanted = {key: str(value) for key, value in match.items()}
        self.records = [
            (found, values)
            for found, values in self.records
            if found != kind or any(values.get(key) != value for key, value in wanted.items())
        ]

    def module(self, name: str) -> dict[str, str] | None:
        """Return the record of a loaded kernel module, or None."""
        return next((values for values in self.of("module") if values["name"] == name), None)

    def fault(self, name: str) -> bool:
        """Tell whether a fault is on."""
        return any(values["name"] == name for values in self.of("fault"))


@contextlib.contextmanager
def locked(path: Path = layout.STATE) -> Iterator[State]:
    """Give the state to change; it is written back when the block ends well."""
    with Path(str(path) + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        state = State.load(path)
        yield state
        state.save(path)


def _parse(line: str) -> Record:
    kind, *fields = line.split("\t")
    return kind, dict(field.split("=", 1) for field in fields)


def _format(kind: str, values: dict[str, str]) -> str:
    return "\t".join([kind] + [f"{key}={value}" for key, value in values.items()]) + "\n"
