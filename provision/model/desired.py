"""What the inventory asks of a host: the variables of the roles as they reach the run. Pure values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

_TRUE = frozenset({"1", "on", "t", "true", "y", "yes"})


def is_true(value: object) -> bool:
    """Tell whether a variable's value counts as true, as Ansible counts it."""
    return str(value).lower() in _TRUE


class Hidden(Enum):
    """The type of HIDDEN."""

    HIDDEN = "known only in the run"


HIDDEN: Final = Hidden.HIDDEN
"""A value that only the run can know: it is vaulted, or a template that needs facts or Ansible's own filters."""


@dataclass(frozen=True)
class Desired:
    """The value of every role variable on one host: defaults included, templates rendered, or HIDDEN.

    Whoever decides anything reads them here; only the digests of receipts are of raw values. Every method
    raises KeyError for a name that no role has.
    """

    values: Mapping[str, object] = field(default_factory=dict)

    def get(self, name: str) -> object:
        """Return the value as YAML has it, or HIDDEN; a list or mapping is hidden where a part of it is."""
        return self.values[name]

    def text(self, name: str) -> str | None:
        """Return the value as text; None for null and for what is hidden."""
        value = self.values[name]
        return None if value is None or value is HIDDEN else str(value)

    def flag(self, name: str, *, hidden: bool) -> bool:
        """Tell whether the variable is true; one whose value is hidden counts as `hidden`."""
        value = self.values[name]
        return hidden if value is HIDDEN else is_true(value)

    @property
    def partitioned(self) -> bool:
        """Tell whether there is a MIG layout for the host, or may be one."""
        return bool(self.values["nvidia_mig_layout"])
