"""Whether what a request comes to may be carried out on this host."""

import os
from collections.abc import Mapping
from types import SimpleNamespace

import pytest

from provision.plugins.module_utils.host.refusal import RefusedError
from provision.plugins.module_utils.packages.installation import foresee
from provision.plugins.module_utils.packages.managers import PackageManager, Space
from provision.plugins.module_utils.packages.transaction import Request, Transaction

MIB = 1024 * 1024
INSTALL = Transaction({"jq": "1.7"}, {}, {}, [], [], [])


class Packages(PackageManager):
    """A package manager that answers with one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def installed(self) -> dict[str, str]:
        return {"libc6": "2.36"}

    def held(self) -> frozenset[str]:
        return frozenset()

    def simulate(self, _: Request) -> Transaction:
        return self._transaction

    def space(self, _: Mapping[str, str]) -> Space:
        return Space(download_bytes=10 * MIB, installed_bytes=30 * MIB)


@pytest.fixture
def disks(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[int, int]]:
    """Return, by folder, its device and the MiB that are free there; a test may change it."""
    found = {"/usr": (1, 1000), "/var/cache": (1, 1000), "/var/lib": (1, 1000)}
    monkeypatch.setattr(os, "stat", lambda path: SimpleNamespace(st_dev=found[path][0]))
    monkeypatch.setattr(os, "statvfs", lambda path: SimpleNamespace(f_bavail=found[path][1], f_frsize=MIB))
    return found


@pytest.mark.usefixtures("disks")
def test_what_fits_is_told_with_what_is_there_now() -> None:
    found = foresee(Packages(INSTALL), Request({"jq": None}), 100)
    assert (found.transaction, found.installed) == (INSTALL, {"libc6": "2.36"})


@pytest.mark.usefixtures("disks")
def test_what_goes_beyond_the_request_is_refused() -> None:
    beyond = INSTALL._replace(upgrade={"libc6": "2.41"})
    with pytest.raises(RefusedError, match="packages that were not asked for would change: libc6"):
        foresee(Packages(beyond), Request({"jq": None}), 100)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        # One disk has to hold all of it: 30 MiB unpacked, 10 MiB fetched, 100 MiB kept free.
        (
            dict.fromkeys(("/usr", "/var/cache", "/var/lib"), (1, 139)),
            "the file system of /usr, /var/cache, /var/lib has 139 MiB free, 140 MiB are needed",
        ),
        ({"/var/lib": (2, 99)}, "the file system of /var/lib has 99 MiB free, 100 MiB are needed"),
        ({"/var/cache": (2, 9)}, "the file system of /var/cache has 9 MiB free, 10 MiB are needed"),
    ],
)
def test_every_disk_has_to_hold_what_comes_to_it(
    disks: dict[str, tuple[int, int]], changed: dict[str, tuple[int, int]], message: str
) -> None:
    disks.update(changed)
    with pytest.raises(RefusedError) as caught:
        foresee(Packages(INSTALL), Request({"jq": None}), 100)
    assert str(caught.value) == message


def test_a_disk_that_just_suffices_is_enough(disks: dict[str, tuple[int, int]]) -> None:
    disks.update(dict.fromkeys(disks, (1, 140)))
    assert foresee(Packages(INSTALL), Request({"jq": None}), 100).transaction == INSTALL


def test_where_nothing_arrives_no_disk_is_asked(disks: dict[str, tuple[int, int]]) -> None:
    disks.clear()
    nothing = Transaction({}, {}, {}, [], ["libc6"], [])
    assert foresee(Packages(nothing), Request({}, hold=frozenset({"libc6"})), 100).transaction == nothing
