"""What apt and dpkg print, recorded on Debian 12."""

from pathlib import Path

import pytest

from provision.plugins.module_utils.packages.apt import parsing as apt

CASES = Path(__file__).parents[5] / "cases" / "apt"
STATUS = apt.Status(
    installed={
        "jq": "1.6-2.1+deb12u3",
        "libjq1": "1.6-2.1+deb12u3",
        "procps": "2:4.0.2-3",
        "openssh-server": "1:9.2p1",
    },
    held=frozenset(),
    unconfigured={},
    torn={},
)


def _case(name: str) -> str:
    return (CASES / name).read_text(encoding="utf-8")


def test_versions_on_offer_are_newest_first() -> None:
    assert apt.parse_madison(_case("madison.txt")) == {
        "jq": ["1.6-2.1+deb12u3", "1.6-2.1+deb12u2"],
        "libjq1": ["1.6-2.1+deb12u3", "1.6-2.1+deb12u2"],
    }


def test_dependencies_are_names_in_groups_of_alternatives() -> None:
    stanzas = {each.name: each for each in apt.parse_show(_case("show.txt"))}
    assert stanzas["jq"].depends == [["libjq1"], ["libc6"]]
    assert stanzas["jq"].version == "1.6-2.1+deb12u3"
    assert stanzas["jq"].installed_kib > 0
    assert stanzas["jq"].download_bytes > 0


def test_alternatives_and_architecture_qualifiers() -> None:
    text = "Package: a\nVersion: 1\nPre-Depends: b:any (>= 2)\nDepends: c (= 1) | d,\n e [amd64]\n"
    assert apt.parse_show(text)[0].depends == [["b"], ["c", "d"], ["e"]]


def test_simulation_tells_installs_downgrades_and_removals() -> None:
    found = apt.parse_simulation(_case("simulation.txt"), STATUS)
    assert found.install == {"make": "4.3-4.1"}
    assert found.downgrade == {"jq": "1.6-2.1+deb12u2", "libjq1": "1.6-2.1+deb12u2"}
    assert found.upgrade == {}
    assert found.remove == ["openssh-server", "procps"]


def test_a_package_that_is_replaced_is_not_removed() -> None:
    text = "Remv jq [1.6-2.1+deb12u3]\nInst jq [1.6-2.1+deb12u3] (1.7-1 Debian:13 [amd64])\n"
    found = apt.parse_simulation(text, STATUS)
    assert (found.upgrade, found.remove) == ({"jq": "1.7-1"}, [])


def test_status_knows_holds_and_leaves_other_architectures_out() -> None:
    text = _case("status.txt") + "libc6\ti386\tii \t2.36-9\nhalf\tamd64\tiF \t1\n"
    text += "torn\tamd64\tiHR\t2\ngone\tamd64\trc \t1\n"
    status = apt.parse_status(text, "amd64")
    assert status.installed == {
        "adduser": "3.134",
        "apt": "2.6.2",
        "jq": "1.6-2.1+deb12u3",
        "libjq1": "1.6-2.1+deb12u3",
    }
    assert status.held == {"jq"}
    assert status.unconfigured == {"half": "1"}
    assert status.torn == {"torn": "2"}


def test_install_arguments_keep_recommends_out_and_remove_in_the_same_run() -> None:
    assert apt.install_arguments({"b": None, "a": "1"}, ["c"]) == [
        "--yes",
        "--no-install-recommends",
        "--allow-change-held-packages",
        "--allow-downgrades",
        "install",
        "a=1",
        "b",
        "c-",
    ]


@pytest.mark.parametrize(
    ("wanted", "offered", "expected"),
    [
        ({"torn": "2"}, ["3", "2", "1"], {"torn": "2"}),
        ({"torn": "9"}, ["3", "2", "1"], {"torn": "1"}),
        ({"torn": None}, ["3", "2", "1"], {"torn": "1"}),
        ({}, ["3", "2"], {"torn": "3"}),
        ({}, [], {}),
    ],
    ids=["asked for", "asked for what nobody offers", "any will do", "gone from the mirror", "not offered"],
)
def test_what_is_half_unpacked_is_unpacked_again_at_a_version_on_offer(
    wanted: dict[str, str | None], offered: list[str], expected: dict[str, str]
) -> None:
    assert apt.mendable({"torn": "1"}, wanted, {"torn": offered}) == expected


def test_a_status_in_which_what_is_half_unpacked_is_whole() -> None:
    text = (
        "Package: torn\nStatus: install reinstreq half-installed\nArchitecture: amd64\nVersion: 1\n"
        "Description: a\n Package: whole\n\n"
        "Package: new\nStatus: install reinstreq half-installed\nDepends: torn\n\n"
        "Package: late\nStatus: install reinstreq unpacked\nVersion: 4\n\n"
        "Package: other\nStatus: install reinstreq half-installed\nVersion: 5\n"
    )
    assert apt.mended(text, {"torn": "2", "new": "3", "late": "4"}) == (
        "Package: torn\nStatus: install ok unpacked\nVersion: 2\nArchitecture: amd64\n"
        "Description: a\n Package: whole\n\n"
        "Package: new\nStatus: install ok unpacked\nVersion: 3\nDepends: torn\n\n"
        "Package: late\nStatus: install ok unpacked\nVersion: 4\n\n"
        "Package: other\nStatus: install reinstreq half-installed\nVersion: 5\n"
    )


def test_to_configure_what_was_cut_off_is_to_install_it() -> None:
    status = STATUS._replace(unconfigured={"whole": "1"})
    text = (
        "Inst new (3 Debian:12 [amd64])\nConf new (3 Debian:12 [amd64])\nConf whole (4 Debian:12 [amd64])\n"
    )
    assert apt.parse_simulation(text, status).install == {"new": "3", "whole": "1"}


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (
            "Reading...\n jq : Depends: libjq1 (= 1)\nE: Unable to correct\n",
            "jq : Depends: libjq1 (= 1); Unable to correct",
        ),
        ("E: a\nE: b\n", "a; b"),
        (
            "dpkg: error processing package a (--configure):\n dependency problems - leaving unconfigured\n"
            "Errors were encountered while processing:\n a\nE: Sub-process /usr/bin/dpkg returned an error code (1)\n",
            "package a (--configure): dependency problems - leaving unconfigured; "
            "Sub-process /usr/bin/dpkg returned an error code (1)",
        ),
        ("something\n\n", "something"),
        ("", "no output"),
    ],
)
def test_complaint(output: str, expected: str) -> None:
    assert apt.complaint(output) == expected


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("Get:1 x\nE: Could not open file a - open (30: Read-only file system)\n", "E: Could not open"),
        (
            "dpkg: error: cannot copy: failed to write (No space left on device)\nE: Sub-process",
            "dpkg: error",
        ),
        ("E: You don't have enough free space in /var/cache/apt/archives/.\n", "E: You don't have"),
        ("E: Unable to locate package x\n", None),
    ],
)
def test_a_disk_that_is_full_or_read_only_is_named(output: str, expected: str | None) -> None:
    told = apt.disk_trouble(output)
    assert told is None if expected is None else (told or "").startswith(expected)


def test_unreadable_repositories() -> None:
    output = (
        "Ign:1 x\nErr:1 http://x ./ InRelease\n  why\nW: Failed to fetch http://x  why\nW: Some index files\n"
    )
    assert apt.unreadable_repositories(output) == [
        "Err:1 http://x ./ InRelease",
        "W: Failed to fetch http://x  why",
    ]


def test_what_sqv_says_of_a_signature_is_told() -> None:
    output = (
        "W: OpenPGP signature verification failed: http://x ./ InRelease: Sub-process /usr/bin/sqv returned an "
        "error code (1), error message is:    Message has been manipulated\n"
        "E: The repository 'http://x ./ InRelease' is not signed.\n"
    )
    assert apt.unreadable_repositories(output) == output.splitlines()


@pytest.mark.parametrize(
    "output",
    [
        "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 1 (apt)",
        "E: Unable to acquire the dpkg frontend lock, is another process using it?",
        "E: Unable to lock directory /var/lib/apt/lists/",
    ],
)
def test_a_lock_is_told_from_other_trouble(output: str) -> None:
    assert apt.is_locked(output)
    assert not apt.is_locked("E: Unable to locate package x")


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (
            "E: Failed to fetch http://x/a.deb  File has unexpected size (1 != 2). Mirror sync in progress?",
            True,
        ),
        ("E: Failed to fetch http://x/a.deb  404  Not Found [IP: 192.0.2.1 80]", True),
        ("E: Failed to fetch http://x/a.deb  Could not connect to x:80", False),
    ],
)
def test_a_mirror_that_moved_on_is_told_from_one_that_is_down(output: str, expected: bool) -> None:
    assert apt.is_moved_on(output) is expected


def test_pinning_names_the_packages_of_a_preferences_file() -> None:
    text = "Package: jq libjq1\nPin: version 1.5*\nPin-Priority: 1001\n"
    assert apt.pinning(text, ["jq", "make"]) == ["jq"]
