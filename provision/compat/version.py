"""Versions of drivers, toolkits and engines: parsed, compared, never as floating point numbers."""

import re
from dataclasses import dataclass
from functools import total_ordering

from provision.errors import UsageError

_NUMBERS = re.compile(r"\A\d+(\.\d+){0,3}\Z")


@total_ordering
@dataclass(frozen=True)
class Version:
    """Dotted numbers: `580` (a driver branch), `580.95.05`, `12.8`. `580.95.05` equals `580.95.5`."""

    text: str
    numbers: tuple[int, ...]

    @classmethod
    def parse(cls, text: object) -> "Version":
        """Read a version; an inventory may hold it as a number. Raises UsageError."""
        written = str(text).strip()
        if not _NUMBERS.match(written):
            raise UsageError(
                f"`{written}` is not a version", hint='write it as "580", "580.95.05" or, for CUDA, "12.8"'
            )
        return cls(written, tuple(int(part) for part in written.split(".")))

    @property
    def branch(self) -> int:
        """Return the first number, which of a driver is its branch."""
        return self.numbers[0]

    @property
    def is_branch(self) -> bool:
        """Tell whether this names a branch rather than one driver."""
        return len(self.numbers) == 1

    def __str__(self) -> str:
        return self.text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self.numbers == other.numbers

    def __hash__(self) -> int:
        return hash(self.numbers)

    def __lt__(self, other: "Version") -> bool:
        return self.numbers < other.numbers
