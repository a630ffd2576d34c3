"""Which processes hold the GPUs: those that have one of their device files open."""

from __future__ import annotations

import os
from pathlib import Path

FRONTEND_MAJOR = 195
UVM_MAJOR = 510
CAPS_MAJOR = 509
NVSWITCH_MAJOR = 508


def holders(majors: tuple[int, ...]) -> list[int]:
    """Return the ids of all processes but this one that hold a device file with one of these major numbers."""
    found = []
    for entry in Path("/proc").iterdir():
        if majors and entry.name.isdigit() and int(entry.name) != os.getpid() and _holds(entry, majors):
            found.append(int(entry.name))
    return found


def _holds(process: Path, majors: tuple[int, ...]) -> bool:
    try:
        descriptors = list((process / "fd").iterdir())
    except OSError:
        return False
    return any(_major(descriptor) in majors for descriptor in descriptors)


def _major(link: Path) -> int:
    """Return the major number of the device that a descriptor stands for; 0 for anything else."""
    try:
        return os.major(link.stat().st_rdev)
    except OSError:
        return 0
