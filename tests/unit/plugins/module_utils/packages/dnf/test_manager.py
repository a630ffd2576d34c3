"""What DnfPackages runs, and in which order, with dnf and rpm that obey."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

import pytest

from provision.plugins.module_utils.packages.dnf import manager
from provision.plugins.module_utils.packages.dnf.manager import DnfPackages
from provision.plugins.module_utils.packages.managers import PackageManagerError
from provision.plugins.module_utils.packages.transaction import Request

TABLE = """\
Upgrading:
 driver                         x86_64   {version}                  repository  1 M

Transaction Summary
"""


class Host:
    """A host with a driver at 1-1, locked there or not, and a repository that has 2-1."""

    params: dict[str, object]
    check_mode = False

    def __init__(self, locks: Path) -> None:
        self.locks, self.version = locks, "1-1"
        self.obeys = True
        self.steps: list[str] = []

    def run_command(self, args: Sequence[str], **_: object) -> tuple[int, str, str]:
        words = [word for word in args if not word.startswith("-")]
        if words[0] == "rpm":
            return 0, f"driver\t0:{self.version}\n", ""
        if words[1] == "repoquery":
            return 0, "driver\t0:2-1\n", ""
        if "--assumeno" in args:
            return 0, TABLE.format(version="2-1"), "Operation aborted."
        self.steps.append(" ".join(words[1:3]) if words[1] == "versionlock" else words[1])
        if words[1:3] == ["versionlock", "delete"]:
            self.locks.write_text("")
        elif words[1:3] == ["versionlock", "add"]:
            self.locks.write_text("\n".join(words[3:]) + "\n")
        elif self.obeys:
            self.version = "2-1"
        return 0, "", "Error: disk full"

    def get_bin_path(self, name: str) -> str | None:
        return f"/usr/bin/{name}"

    def warn(self, warning: str) -> None:
        raise AssertionError(warning)

    def exit_json(self, **result: object) -> NoReturn:
        raise AssertionError(result)

    def fail_json(self, msg: str, **result: object) -> NoReturn:
        raise AssertionError(msg, result)


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setattr(manager, "_LOCKS", str(tmp_path / "versionlock.list"))
    return Host(tmp_path / "versionlock.list")


def install(host: Host, request: Request) -> None:
    with ExitStack() as stack:
        dnf = DnfPackages(host, [], 3600, 10, stack)
        dnf.commit(request, dnf.simulate(request))


def test_a_lock_moves_with_its_package(host: Host) -> None:
    host.locks.write_text("driver-0:1-1.*\n")
    install(host, Request({"driver": "2-1"}, hold=frozenset({"driver"})))
    assert host.steps == ["versionlock delete", "shell", "versionlock add"]
    assert host.locks.read_text() == "driver-0:2-1.*\n"


def test_what_was_not_locked_is_locked_at_the_version_that_came(host: Host) -> None:
    install(host, Request({"driver": None}, hold=frozenset({"driver"})))
    assert host.steps == ["versionlock add"]
    assert host.locks.read_text() == "driver-0:1-1.*\n"


def test_what_is_as_asked_is_left(host: Host) -> None:
    host.locks.write_text("driver-0:1-1.*\n")
    install(host, Request({"driver": "1-1"}, hold=frozenset({"driver"})))
    assert host.steps == []


def test_what_dnf_did_not_do_is_not_taken_for_done_and_is_not_locked(host: Host) -> None:
    """`dnf shell` ends with 0 whatever it could not do."""
    host.obeys = False
    with pytest.raises(PackageManagerError, match="dnf did not install driver as asked: Error: disk full"):
        install(host, Request({"driver": "2-1"}, hold=frozenset({"driver"})))
    assert host.steps == ["shell"]


def test_a_version_that_nobody_offers_is_named_with_those_that_exist(host: Host) -> None:
    with (
        ExitStack() as stack,
        pytest.raises(PackageManagerError, match="no repository offers driver 9-1") as told,
    ):
        DnfPackages(host, [], 3600, 10, stack).simulate(Request({"other": None, "driver": "9-1"}))
    assert told.value.hint == "versions that exist: 2-1"
