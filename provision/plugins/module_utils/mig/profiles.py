"""MIG profiles of boards by PCI device id, for when no driver is there to ask.

The driver's own answer goes before these tables. They serve two moments: before the driver is installed, to
predict; and under drivers before branch 550, which keep the profiles to themselves while MIG mode is off.

Sources: NVIDIA's MIG user guide (supported profiles; placements of A100, A30, H100 and RTX PRO 6000) and the device
filters of mig-parted's config-default.yaml (names of profiles by id). Placements of H200, GH200 and Blackwell's
data-centre boards are not published; they follow A100 and H100, whose profile ids they share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Mapping, Optional, Tuple

from ..gpus.boards import ARCHITECTURES, VENDOR, architecture


@dataclass(frozen=True, order=True)
class Placement:
    """`size` memory slices from slice `start`."""

    start: int
    size: int

    @property
    def mask(self) -> int:
        """Return the slices as bits."""
        return ((1 << self.size) - 1) << self.start

    def __str__(self) -> str:
        """Write it as nvidia-smi does."""
        return f"{self.start}:{self.size}"


@dataclass(frozen=True)
class Profile:
    """A GPU instance profile as one GPU offers it.

    `slices` are compute slices (the 3 of 3g.20gb), `limit` is how many instances of it the GPU can hold when
    it is empty, `engines` are the counts of each engine type in one fixed order.
    """

    name: str
    slices: int
    limit: int
    placements: Tuple[Placement, ...]
    engines: Tuple[int, ...] = ()


# Name, compute slices, instances at most, memory slices of one, where one may start.
_Shape = Tuple[str, int, int, int, Tuple[int, ...]]

_SEVEN = tuple(range(7))
_SEVEN_SLICES: List[_Shape] = [
    ("1g.{0}gb", 1, 7, 1, _SEVEN),
    ("1g.{0}gb+me", 1, 1, 1, _SEVEN),
    ("1g.{1}gb", 1, 4, 2, (0, 2, 4, 6)),
    ("2g.{1}gb", 2, 3, 2, (0, 2, 4)),
    ("3g.{2}gb", 3, 2, 4, (0, 4)),
    ("4g.{2}gb", 4, 1, 4, (0,)),
    ("7g.{3}gb", 7, 1, 8, (0,)),
]
_A30: List[_Shape] = [
    ("1g.6gb", 1, 4, 1, (0, 1, 2, 3)),
    ("1g.6gb+me", 1, 1, 1, (0, 1, 2, 3)),
    ("2g.12gb", 2, 2, 2, (0, 2)),
    ("2g.12gb+me", 2, 1, 2, (0, 2)),
    ("4g.24gb", 4, 1, 4, (0,)),
]
_QUARTERS, _HALVES = (0, 3, 6, 9), (0, 6)
_RTX_PRO_6000: List[_Shape] = [
    ("1g.24gb", 1, 4, 3, _QUARTERS),
    ("1g.24gb+me", 1, 1, 3, _QUARTERS),
    ("1g.24gb+gfx", 1, 4, 3, _QUARTERS),
    ("1g.24gb+me.all", 1, 1, 3, _QUARTERS),
    ("1g.24gb-me", 1, 4, 3, _QUARTERS),
    ("2g.48gb", 2, 2, 6, _HALVES),
    ("2g.48gb+gfx", 2, 2, 6, _HALVES),
    ("2g.48gb+me.all", 2, 1, 6, _HALVES),
    ("2g.48gb-me", 2, 2, 6, _HALVES),
    ("4g.96gb", 4, 1, 12, (0,)),
    ("4g.96gb+gfx", 4, 1, 12, (0,)),
]

# Gigabytes of one, two, four and eight memory slices, by device id. A100, A800; A100, A800, H100 and H800 with 80 GB;
# NVL; 96 GB; GH200; H200; B200; GB200; B300; GB300.
_GIGABYTES: Dict[Tuple[int, int, int, int], Tuple[str, ...]] = {
    (5, 10, 20, 40): ("20b0", "20b1", "20f1", "20f6"),
    (10, 20, 40, 80): ("20b2", "20b5", "20f3", "20f5", "2330", "2331", "2322", "2324"),
    (12, 24, 47, 94): ("2321", "233a"),
    (12, 24, 48, 96): ("233d", "20b6", "2342", "2329"),
    (18, 36, 72, 144): ("2348",),
    (18, 35, 71, 141): ("2335", "233b"),
    (23, 45, 90, 180): ("2901",),
    (23, 47, 93, 186): ("2941",),
    (34, 67, 135, 269): ("3182",),
    (35, 70, 139, 278): ("31c2",),
}
AMBIGUOUS = frozenset({"2941"})
"""Boards of one id whose profiles differ: GB200 has 1g.23gb or 1g.24gb (NVIDIA/mig-parted, issue 227)."""

_OWN_SHAPE = {"20b7": _A30, "2bb1": _RTX_PRO_6000, "2bb4": _RTX_PRO_6000, "2bb5": _RTX_PRO_6000}


_GA100 = range(0x2080, 0x2100)
"""The only one of Ampere's chips that can do MIG."""


def cannot(device: str) -> bool:
    """Tell whether the GPU of this PCI id is known to be incapable of MIG; False where it is capable or unknown."""
    chip = architecture("%s:%s" % (VENDOR, device[:4]))
    if chip == "Ampere":
        return int(device[:4], 16) not in _GA100
    return chip in ARCHITECTURES[: ARCHITECTURES.index("Hopper")]


def known(device: str) -> Optional[Mapping[str, Profile]]:
    """Return the profiles of a board by its PCI id (`20b010de`, or the device's half alone), or None."""
    identifier = device[:4].lower()
    if identifier in _OWN_SHAPE:
        return _profiles(_OWN_SHAPE[identifier], ())
    for sizes, identifiers in _GIGABYTES.items():
        if identifier in identifiers:
            return _profiles(_SEVEN_SLICES, sizes)
    return None


def _profiles(shapes: List[_Shape], sizes: Tuple[int, ...]) -> Dict[str, Profile]:
    found = {}
    for pattern, slices, limit, size, starts in shapes:
        name = pattern.format(*sizes)
        found[name] = Profile(name, slices, limit, tuple(Placement(start, size) for start in starts))
    return found
