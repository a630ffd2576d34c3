"""Loads the modules that modules-load.d asks for, as systemd-modules-load does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_FOLDERS = (
    "/etc/modules-load.d",
    "/run/modules-load.d",
    "/usr/local/lib/modules-load.d",
    "/usr/lib/modules-load.d",
)


def main() -> None:
    """Load each module once; a module that does not load fails the whole, after the others had their turn."""
    absent = [name for name in _names() if not Path("/sys/module", name.replace("-", "_")).exists()]
    results = [subprocess.call(["/usr/local/sbin/modprobe", name]) for name in absent]
    sys.exit(1 if any(results) else 0)


def _names() -> list[str]:
    """Return the names in the order of the files, a file of a later folder hidden by one of an earlier."""
    files = {}
    for folder in _FOLDERS:
        for path in Path(folder).glob("*.conf"):
            files.setdefault(path.name, path)
    names = []
    for _, path in sorted(files.items()):
        lines = (line.strip() for line in path.read_text().splitlines())
        names += [line for line in lines if line and line[0] not in "#;" and line not in names]
    return names
