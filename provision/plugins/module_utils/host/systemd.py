"""Units of systemd: what one is now, and whether it starts at boot."""

from __future__ import annotations

from typing import Callable, Dict, Iterable, List, NamedTuple, Tuple

Run = Callable[[List[str]], Tuple[int, str]]
"""Runs a program; returns its exit code and its output."""

_PROPERTIES = "LoadState,ActiveState,UnitFileState,InvocationID,Type,RemainAfterExit"
# What `systemctl enable` has nothing to add to. Not `enabled-runtime`: it is gone at the next boot.
_AT_BOOT = ("enabled", "static", "alias", "indirect", "generated")


class Unit(NamedTuple):
    """A unit in systemd's words: LoadState, ActiveState, UnitFileState ("" without a unit file) and
    InvocationID, which changes with every start. `passing` is one that runs now and then, and ends by itself.
    """

    name: str
    load: str
    active: str
    enabled: str
    invocation: str
    passing: bool

    @property
    def exists(self) -> bool:
        """Tell whether systemd has such a unit (a masked one counts)."""
        return self.load in ("loaded", "masked")

    @property
    def is_up(self) -> bool:
        """Tell whether the unit is up."""
        return self.active in ("active", "reloading", "refreshing")

    @property
    def runs(self) -> bool:
        """Tell whether the unit is up, or on its way there."""
        return self.is_up or self.active == "activating"

    @property
    def starts_at_boot(self) -> bool:
        """Tell whether the next boot finds the unit as `systemctl enable` would leave it."""
        return self.enabled in _AT_BOOT

    @property
    def is_masked(self) -> bool:
        """Tell whether the unit is kept from being started."""
        return self.enabled.startswith("masked")


def show(run: Run, names: Iterable[str]) -> List[Unit]:
    """Return the units, in the order of `names`, asked in one call."""
    wanted = list(names)
    _, output = run(["systemctl", "show", "--property", _PROPERTIES, "--", *wanted])
    return parse_show(output, wanted)


def parse_show(output: str, names: Iterable[str]) -> List[Unit]:
    """Read `systemctl show`: one paragraph a unit, in the order in which the units were asked for."""
    paragraphs = output.strip().split("\n\n")
    units = []
    for position, name in enumerate(names):
        lines = paragraphs[position].splitlines() if position < len(paragraphs) else []
        values: Dict[str, str] = dict(line.partition("=")[::2] for line in lines)
        units.append(
            Unit(
                name,
                values.get("LoadState", "not-found"),
                values.get("ActiveState", "unknown"),
                values.get("UnitFileState", ""),
                values.get("InvocationID", ""),
                values.get("Type") == "oneshot" and values.get("RemainAfterExit") == "no",
            )
        )
    return units
