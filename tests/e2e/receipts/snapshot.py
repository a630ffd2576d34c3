"""Runs on a server as root and prints what its files, units, packages and groups are, as one JSON document."""

import grp
import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_TREES = ("/etc", "/usr/local", "/var/lib")
# Databases and caches of package managers, what services keep, and the product's own bookkeeping.
_PRUNED = (
    "/var/lib/apt",
    "/var/lib/containerd",
    "/var/lib/dkms",
    "/var/lib/docker",
    "/var/lib/dpkg",
    "/var/lib/lab-hardware",
    "/var/lib/provision",
    "/var/lib/systemd",
    "/var/lib/ucf",
)
_UNITS = ("systemctl", "list-unit-files", "--no-legend", "--no-pager")


def main() -> None:
    """Print the snapshot."""
    status = Path("/var/lib/dpkg/status").read_text()
    snapshot = {
        "files": dict(_files()),
        "packaged": sorted(set(_packaged())),
        "conffiles": dict(re.findall(r"^ (/\S+) ([0-9a-f]{32})", status, re.MULTILINE)),
        "packages": dict(_packages(status)),
        "automatic": _lines("apt-mark", "showauto"),
        "units": {line.split()[0]: line.split()[1] for line in _lines(*_UNITS)},
        "groups": {group.gr_name: sorted(group.gr_mem) for group in grp.getgrall()},
    }
    json.dump(snapshot, sys.stdout)


def _files() -> Iterator[tuple[str, dict[str, str]]]:
    for tree in _TREES:
        for where, folders, names in os.walk(tree):
            folder = Path(where)
            folders[:] = [name for name in folders if str(folder / name) not in _PRUNED]
            for path in map(folder.joinpath, (*names, *folders)):
                if path.is_symlink() or not path.is_dir():
                    yield str(path), _file(path)


def _file(path: Path) -> dict[str, str]:
    if path.is_symlink():
        return {"target": str(path.readlink())}
    if not path.is_file():
        return {}
    status = path.stat()
    return {
        "md5": hashlib.md5(path.read_bytes()).hexdigest(),
        "mode": oct(status.st_mode),
        "owner": f"{status.st_uid}:{status.st_gid}",
    }


def _packaged() -> Iterator[str]:
    for listing in Path("/var/lib/dpkg/info").glob("*.list"):
        yield from (path for path in listing.read_text().splitlines() if path.startswith(_TREES))


def _packages(status: str) -> Iterator[tuple[str, str]]:
    for stanza in status.split("\n\n"):
        fields = dict(re.findall(r"^(Package|Status|Version): (.+)$", stanza, re.MULTILINE))
        wanted, _, state = fields.get("Status", "").partition(" ok ")
        if state == "installed":
            yield fields["Package"], f"{fields['Version']} {wanted}"


def _lines(*argv: str) -> list[str]:
    return subprocess.run(argv, stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()


main()
