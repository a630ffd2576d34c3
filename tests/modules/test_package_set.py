"""package_set, with apt and dpkg answered."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from provision.plugins.module_utils.packages import managers as package_managers
from provision.plugins.module_utils.packages.apt import locks as apt_locks
from provision.plugins.module_utils.packages.apt import manager as apt_packages
from provision.plugins.modules import package_set

if TYPE_CHECKING:
    from tests.modules.conftest import Programs, RunModule

HOUR = 3600.0
STATUS = "jq\tamd64\t{state} \t1.6-1\nlibc6\tamd64\tii \t2.36-9\n"


@pytest.fixture(autouse=True)
def _no_host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(apt_packages, "_lists_read", time.time)
    monkeypatch.setattr(apt_packages, "apt_sources", list)
    monkeypatch.setattr(apt_locks, "DAILY", str(tmp_path / "daily_lock"))
    monkeypatch.setattr(apt_locks, "holder", lambda _path: None)
    monkeypatch.setattr(package_managers, "obstacle", lambda _paths: None)


def _answer(programs: Programs, state: str, simulation: str = "", offered: str = "1.6-1") -> None:
    programs.answers = _answers(state, simulation, offered)


def _answers(state: str, simulation: str, offered: str) -> dict[tuple[str, ...], tuple[int, str, str]]:
    return {
        ("dpkg",): (0, "amd64\n", ""),
        ("dpkg-query",): (0, STATUS.format(state=state), ""),
        ("apt-cache", "madison"): (0, f"jq | {offered} | http://x bookworm/main amd64 Packages\n", ""),
        ("apt-cache", "show"): (0, "Package: jq\nVersion: 1.7-1\nInstalled-Size: 10\nSize: 10\n", ""),
        ("apt-get",): (0, simulation, ""),
        ("apt-mark",): (0, "", ""),
    }


def test_a_full_disk_is_told_before_anything_is_run(
    run_module: RunModule, programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package_managers, "obstacle", lambda _paths: "no space left in /var/lib")
    result = run_module(package_set, {"packages": {"jq": "1.6-1"}, "manager": "apt"})
    assert result["msg"] == "no package can be installed: no space left in /var/lib"
    assert "df -h" in result["hint"]
    assert programs.calls == []


def test_nothing_is_run_when_all_is_as_asked(run_module: RunModule, programs: Programs) -> None:
    _answer(programs, "hi")
    result = run_module(package_set, {"packages": {"jq": "1.6-1"}, "hold": ["jq"], "manager": "apt"})
    assert not result["changed"]
    assert not programs.ran("apt-get")


def test_a_missing_hold_is_a_change(run_module: RunModule, programs: Programs) -> None:
    _answer(programs, "ii")
    result = run_module(package_set, {"packages": {"jq": None}, "hold": ["jq"], "manager": "apt"})
    assert result["changed"]
    assert result["transaction"]["hold"] == ["jq"]
    assert programs.ran("apt-mark", "hold", "jq")
    assert not programs.ran("apt-get")


def test_check_mode_simulates_and_changes_nothing(run_module: RunModule, programs: Programs) -> None:
    _answer(programs, "ii", "Inst jq [1.6-1] (1.7-1 Debian:12 [amd64])\n", offered="1.7-1")
    result = run_module(package_set, {"packages": {"jq": "1.7-1"}, "manager": "apt"}, check=True)
    assert result["transaction"]["upgrade"] == {"jq": "1.7-1"}
    assert result["diff"]["after"] == "jq 1.7-1\n"
    assert all("--simulate" in argv for argv in programs.calls if argv[0] == "apt-get")


def test_a_foreign_upgrade_is_refused_before_anything_changes(
    run_module: RunModule, programs: Programs
) -> None:
    simulation = "Inst libc6 [2.36-9] (2.41-1 Debian:13 [amd64])\nInst jq [1.6-1] (1.7-1 Debian:12 [amd64])\n"
    _answer(programs, "ii", simulation, offered="1.7-1")
    result = run_module(package_set, {"packages": {"jq": "1.7-1"}, "manager": "apt"})
    assert result["failed"]
    assert result["refused"]
    assert result["msg"].startswith("packages that were not asked for would change: libc6")
    assert result["hint"]
    assert all("--simulate" in argv for argv in programs.calls if argv[0] == "apt-get")


def test_an_unknown_version_names_those_that_exist(run_module: RunModule, programs: Programs) -> None:
    _answer(programs, "ii")
    result = run_module(package_set, {"packages": {"jq": "9-1"}, "manager": "apt"})
    assert result["msg"] == "no repository offers jq 9-1"
    assert result["hint"] == "versions that exist: 1.6-1"


def test_what_apt_leaves_as_it_is_does_not_count_as_done(run_module: RunModule, programs: Programs) -> None:
    _answer(programs, "rc", "jq is already the newest version (1.6-1).\n")
    result = run_module(package_set, {"packages": {"jq": "1.6-1"}, "manager": "apt"})
    assert result["msg"].startswith("apt cannot meet the request: jq is already the newest version")


def test_a_package_that_is_half_unpacked_is_unpacked_again(run_module: RunModule, programs: Programs) -> None:
    simulation = "Conf jq (1.6-1 Debian:12 [amd64])\n"
    _answer(programs, "iHR", simulation)
    record = "Package: jq\nStatus: install reinstreq half-installed\nVersion: 1.6-1\n"
    seen = []

    def tell(_argv: Sequence[str]) -> None:
        programs.answers["dpkg-query",] = (0, record, "")

    def simulate(argv: Sequence[str]) -> None:
        (copy,) = [word.partition("=")[2] for word in argv if word.startswith("Dir::State::status=")]
        seen.append(Path(copy).read_text())
        _answer(programs, "iHR", simulation)

    def fail(_argv: Sequence[str]) -> None:
        # What dpkg cannot configure is for apt to cure.
        programs.answers["dpkg",] = (1, "", "dependency problems - leaving unconfigured")

    programs.on["dpkg-query", "--status"] = tell
    programs.on["--simulate",] = simulate
    programs.on["dpkg", "--configure"] = fail
    programs.on["apt-get", "Dpkg::Options::=--force-confold"] = lambda _: _answer(programs, "ii")
    result = run_module(package_set, {"packages": {"jq": "1.6-1"}, "manager": "apt"})
    assert result["transaction"]["install"] == {"jq": "1.6-1"}
    assert seen == ["Package: jq\nStatus: install ok unpacked\nVersion: 1.6-1\n"]
    order = [("download", "jq=1.6-1"), ("--unpack",), ("--configure",), ("install", "jq=1.6-1")]
    ran = [argv for argv in programs.calls if argv[0] in ("apt-get", "dpkg") and "--simulate" not in argv]
    steps = [step for argv in ran for step in order if set(step) <= set(argv)]
    assert steps == order


def test_what_another_package_manager_is_about_to_install_is_waited_for(
    run_module: RunModule, programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    _answer(programs, "iU")
    waited = []

    def wait(paths: Sequence[str], _deadline: float) -> None:
        waited.append(paths)
        _answer(programs, "ii")

    monkeypatch.setattr(apt_locks, "wait", wait)
    assert not run_module(package_set, {"packages": {"jq": "1.6-1"}, "manager": "apt"}, check=True)["changed"]
    assert waited == [apt_locks.DPKG]
    assert not programs.ran("apt-get")


def test_what_nobody_offers_stays_half_unpacked(run_module: RunModule, programs: Programs) -> None:
    _answer(programs, "iHR", "Inst make (4.3 Debian:12 [amd64])\n", offered="")
    programs.answers["apt-cache", "madison"] = (0, "", "")
    programs.on["apt-get", "Dpkg::Options::=--force-confold"] = lambda _: programs.answers.update(
        {("dpkg-query",): (0, STATUS.format(state="iHR") + "make\tamd64\tii \t4.3\n", "")}
    )
    result = run_module(package_set, {"packages": {"make": None}, "manager": "apt"})
    assert result["transaction"]["install"] == {"make": "4.3"}
    assert not programs.ran("dpkg", "--unpack")


@pytest.mark.parametrize("state", ["iU", "iHR"])
def test_what_must_be_absent_is_removed_although_it_was_cut_off(
    run_module: RunModule, programs: Programs, state: str
) -> None:
    _answer(programs, state, "Remv jq [1.6-1]\n")
    result = run_module(package_set, {"absent": ["jq"], "manager": "apt"})
    assert result["transaction"]["remove"] == ["jq"]
    assert programs.ran("apt-get", "install", "jq-", "Dpkg::Options::=--force-confold")


def test_a_full_disk_is_refused(run_module: RunModule, programs: Programs) -> None:
    _answer(programs, "ii", "Inst jq [1.6-1] (1.7-1 Debian:12 [amd64])\n", offered="1.7-1")
    arguments = {"packages": {"jq": "1.7-1"}, "manager": "apt", "free_space_mib": 10**9}
    result = run_module(package_set, arguments)
    assert "MiB are needed" in result["msg"]
    assert all("--simulate" in argv for argv in programs.calls if argv[0] == "apt-get")


@pytest.mark.parametrize(
    ("ages", "updates"),
    [
        ({"lists": 0.5 * HOUR, "source": 9 * HOUR}, []),
        ({"lists": 2 * HOUR, "source": 9 * HOUR}, ["everything"]),
        ({"lists": 0.5 * HOUR, "source": 0.1 * HOUR}, ["nvidia-driver.sources"]),
    ],
    ids=["fresh", "stale", "one source is newer"],
)
def test_lists_are_read_only_where_they_are_too_old(
    run_module: RunModule,
    programs: Programs,
    monkeypatch: pytest.MonkeyPatch,
    ages: dict[str, float],
    updates: list[str],
) -> None:
    read: list[str] = []

    def update(argv: Sequence[str]) -> None:
        parts = [word.partition("=")[2] for word in argv if word.startswith("Dir::Etc::sourceparts=")]
        read.extend(
            [entry.resolve().name for part in parts for entry in Path(part).iterdir()] or ["everything"]
        )

    programs.on["apt-get", "update"] = update
    _answer(programs, "ii", "Inst jq [1.6-1] (1.7-1 Debian:12 [amd64])\n", offered="1.7-1")
    with tempfile.TemporaryDirectory() as directory:
        source = Path(directory, "nvidia-driver.sources")
        source.touch()
        os.utime(source, (time.time() - ages["source"],) * 2)
        monkeypatch.setattr(apt_packages, "_lists_read", lambda: time.time() - ages["lists"])
        monkeypatch.setattr(apt_packages, "apt_sources", lambda: [str(source)])
        monkeypatch.setattr(apt_packages, "_LISTS", directory)
        run_module(package_set, {"packages": {"jq": "1.7-1"}, "manager": "apt", "free_space_mib": 0})
    assert read == updates


def test_lists_that_could_not_be_read_do_not_count_as_read(
    run_module: RunModule, programs: Programs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A network that was away for a moment must not be remembered for an hour."""
    lists = [tmp_path / "lists", tmp_path / "lists" / "partial"]
    lists[1].mkdir(parents=True)
    monkeypatch.setattr(apt_packages, "_lists_read", lambda: None)
    monkeypatch.setattr(apt_packages, "_DIRECTORIES", tuple(map(str, lists)))
    programs.answers[("apt-get", "update")] = (
        0,
        "Err:1 http://x stable Release\nW: Failed to fetch http://x\n",
        "",
    )
    for key, answer in _answers("ii", "Inst jq [1.6-1] (1.7-1 Debian:12 [amd64])\n", "1.7-1").items():
        programs.answers.setdefault(key, answer)
    run_module(package_set, {"packages": {"jq": "1.7-1"}, "manager": "apt", "free_space_mib": 0})
    assert [each.stat().st_mtime for each in lists] == [0, 0]
