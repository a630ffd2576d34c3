"""The program that a probe sends: our own measuring code, packed, for whatever Python the host has."""

import shlex
import zlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from threading import Lock

from provision import content
from provision.plugins.module_utils.receipt_inputs import imported

PACKAGE = "provision_probe"
ENTRY = "host_probe_program"
ENTRY_WITH_PARTITIONS = "host_partitions"
NO_PYTHON = "provision-no-python"
OLD_PYTHON = "provision-old-python"

_ONE_AT_A_TIME = Lock()

# One line and without quotes of its own: it passes through whatever shell the user has. Lines before the mark
# are dropped: a sudo that needed no password leaves the password there.
_BOOTSTRAP = (
    f'import sys;sys.version_info<(3,8)and sys.exit("{OLD_PYTHON} %d.%d."%sys.version_info[:2]);'
    "import zlib;i=sys.stdin.buffer;"
    'n=int(next(l for l in iter(i.readline,b"") if l[:10]==b"PROVISION ").split()[1]);'
    "exec(zlib.decompress(i.read(n)))"
)
_FIND_PYTHON = (
    'for p in "$@"; do command -v "$p" >/dev/null 2>&1 && exec "$p" -ISB -c "$0"; done; '
    f"echo {NO_PYTHON}; exit 127"
)


def payload(*, partitions: bool = False) -> bytes:
    """Return what the program reads from its input: a line with the length, then the packed sources.

    With `partitions` it also tells what the planner of MIG layouts needs.
    """
    # Packed once, whoever asks first.
    with _ONE_AT_A_TIME:
        return _pack(ENTRY_WITH_PARTITIONS if partitions else ENTRY)


@cache
def _pack(entry: str) -> bytes:
    folder = content.plugins_directory() / "module_utils"
    texts = {name: (folder / f"{name}.py").read_text() for name in sorted(_closure(folder, entry))}
    loader = (folder / "host_probe_loader.py").read_text()
    text = f"{loader}\nrun({PACKAGE!r}, {texts!r}, {entry!r})\n"
    packed = zlib.compress(text.encode(), 9)
    return b"PROVISION %d\n" % len(packed) + packed


def command(interpreters: Iterable[str]) -> str:
    """Return the command line for a POSIX shell that starts the program with the first Python there is."""
    return shlex.join(["/bin/sh", "-c", _FIND_PYTHON, _BOOTSTRAP, *interpreters])


def _closure(folder: Path, entry: str) -> set[str]:
    """Return the modules of the folder that the entry imports, itself included."""
    found: set[str] = set()
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += imported((folder / f"{name}.py").read_text())
    return found
