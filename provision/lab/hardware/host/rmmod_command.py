"""rmmod: the simulated modules here, every other one by the real program."""

import os
import sys

import kernel
import module_files
import state

_REAL = "/sbin/rmmod"


def main():
    """Run as rmmod does."""
    names = [module_files.normal(name) for name in sys.argv[1:] if not name.startswith("-")]
    if not names or any(name not in kernel.SIMULATED for name in names):
        os.execv(_REAL, [_REAL] + sys.argv[1:])
    sys.exit(max(_remove(name) for name in names))


def _remove(name):
    if os.geteuid() != 0:
        return _fail("Module {} could not be removed: Operation not permitted".format(name))
    if state.State.load().module(name) is None:
        return _fail("Module {} is not currently loaded".format(name))
    try:
        with state.locked() as records:
            kernel.unload(records, name)
    except kernel.InUse as blocked:
        by = " by: " + " ".join(blocked.holders) if blocked.holders else ""
        return _fail("Module {} is in use{}".format(name, by))
    return 0


def _fail(message):
    sys.stderr.write("rmmod: ERROR: {}\n".format(message))
    return 1
