"""What AptPackages runs, and in which order, with apt and dpkg that obey."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

import pytest

from provision.plugins.module_utils.packages.apt import locks
from provision.plugins.module_utils.packages.apt.manager import AptPackages
from provision.plugins.module_utils.packages.transaction import Request


class Host:
    """A host with jq, at a version, held or not. apt takes the hold off what it is told to change."""

    params: dict[str, object]
    check_mode = False

    def __init__(self, *, held: bool) -> None:
        self.version, self.held = "1.6-1", held
        self.marked: list[str] = []

    def run_command(self, args: Sequence[str], **_: object) -> tuple[int, str, str]:
        words = [word for word in args if not word.startswith("-")]
        if words[0] == "dpkg":
            return 0, "amd64\n", ""
        if words[0] == "dpkg-query":
            return 0, f"jq\tamd64\t{'hi' if self.held else 'ii'} \t{self.version}\n", ""
        if words[:2] == ["apt-cache", "madison"]:
            return 0, "jq | 1.7-1 | http://x bookworm/main amd64 Packages\n", ""
        if words[0] == "apt-mark":
            self.marked.append(" ".join(words[1:]))
            self.held = words[1] == "hold"
        elif "--simulate" in args:
            return 0, "Inst jq [1.6-1] (1.7-1 Debian:12 [amd64])\n", ""
        else:
            assert args[0] == "apt-get"
            self.version, self.held = "1.7-1", False
        return 0, "", ""

    def get_bin_path(self, name: str) -> str | None:
        return f"/usr/bin/{name}"

    def warn(self, warning: str) -> None:
        raise AssertionError(warning)

    def exit_json(self, **result: object) -> NoReturn:
        raise AssertionError(result)

    def fail_json(self, msg: str, **result: object) -> NoReturn:
        raise AssertionError(msg, result)


@pytest.fixture(autouse=True)
def _no_locks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(locks, "DAILY", str(tmp_path / "daily_lock"))
    monkeypatch.setattr(locks, "holder", lambda _path: None)


def packages(host: Host, stack: ExitStack) -> AptPackages:
    return AptPackages(host, [], 3600, 10, stack)


@pytest.mark.parametrize("asked", [frozenset({"jq"}), frozenset[str]()], ids=["ours", "somebody's"])
def test_a_hold_that_apt_takes_off_comes_back(asked: frozenset[str]) -> None:
    host, request = Host(held=True), Request({"jq": "1.7-1"}, hold=asked)
    with ExitStack() as stack:
        apt = packages(host, stack)
        transaction = apt.simulate(request)
        assert (transaction.upgrade, transaction.hold) == ({"jq": "1.7-1"}, [])
        apt.commit(request, transaction)
    assert (host.version, host.held, host.marked) == ("1.7-1", True, ["hold jq"])


def test_a_package_that_was_not_held_is_not_held_afterwards() -> None:
    host, request = Host(held=False), Request({"jq": "1.7-1"})
    with ExitStack() as stack:
        apt = packages(host, stack)
        apt.commit(request, apt.simulate(request))
    assert (host.version, host.held, host.marked) == ("1.7-1", False, [])


@pytest.mark.parametrize("held", [True, False])
def test_what_is_installed_once_more_is_held_as_before(*, held: bool) -> None:
    host = Host(held=held)
    with ExitStack() as stack:
        packages(host, stack).reinstall({"jq": "1.6-1"})
    assert host.held is held
