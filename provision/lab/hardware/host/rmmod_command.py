"""rmmod: the simulated modules here, every other one by the real program."""

from __future__ import annotations

import os
import sys

import kernel
import module_files
import state

_REAL = "/sbin/rmmod"


def main() -> None:
    """Run as rmmod does."""
    names = [module_files.normal(name) for name in sys.argv[1:] if not name.startswith("-")]
    if not names or any(name not in kernel.SIMULATED for name in names):
        os.execv(_REAL, [_REAL, *sys.argv[1:]])
    sys.exit(max(_remove(name) for name in names))


def _remove(name: str) -> int:
    if os.geteuid() != 0:
        return _fail(f"Module {name} could not be removed: Operation not permitted")
    if state.State.load().module(name) is None:
        return _fail(f"Module {name} is not currently loaded")
    try:
        with state.locked() as records:
            kernel.unload(records, name)
    except kernel.InUse as blocked:
        by = " by: " + " ".join(blocked.holders) if blocked.holders else ""
        return _fail(f"Module {name} is in use{by}")
    return 0


def _fail(message: str) -> int:
    sys.stderr.write(f"rmmod: ERROR: {message}\n")
    return 1
