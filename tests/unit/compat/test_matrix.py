"""The data: every row has a source, the tables agree with each other and with the tables of PCI ids."""

from datetime import date

import pytest

from provision import content, yaml_file
from provision.compat.matrix import Row, ended, load
from provision.compat.version import Version
from provision.errors import UsageError
from provision.plugins.module_utils.gpus import boards
from provision.plugins.module_utils.gpus.driver_selection import (
    SelectionRefusedError,
    Wish,
    choose_flavour,
)

ROWS = [row for rows in load().tables.values() for row in rows]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_every_row_has_a_source_that_can_be_opened(row: Row) -> None:
    assert row.source.title
    assert row.source.url.startswith("https://")


def test_what_is_not_verified_is_marked() -> None:
    doubtful = {str(row) for row in ROWS if not row.verified}
    assert any(each.startswith("branches: branch 615") for each in doubtful)
    assert not any(each.startswith("branches: branch 580") for each in doubtful)


def test_modules_of_architectures_are_those_the_hosts_use() -> None:
    told = {row["architecture"]: row["modules"] for row in load().rows("architectures")}
    assert told == boards.MODULES


@pytest.mark.parametrize("branch", [*load().branches(), 999])
@pytest.mark.parametrize("row", load().rows("architectures"), ids=lambda row: row["architecture"])
def test_hosts_refuse_the_branches_that_do_not_drive_an_architecture(row: Row, branch: int) -> None:
    gpu = {
        "pci": "0000:07:00.0",
        "name": "GPU",
        "architecture": row["architecture"],
        "modules": row["modules"],
    }
    wish = Wish(str(branch))
    if (row.get("first") or 0) <= branch <= (row.get("last") or branch):
        assert choose_flavour(wish, [gpu], row["modules"])
    else:
        with pytest.raises(SelectionRefusedError, match=f"driver {branch} does not support GPU"):
            choose_flavour(wish, [gpu], row["modules"])


@pytest.mark.parametrize("row", load().rows("distributions"), ids=str)
def test_the_driver_role_knows_the_repository_of_every_distribution(row: Row) -> None:
    name = {"debian": "Debian", "ubuntu": "Ubuntu", "el": "RedHat"}[row["distribution"]]
    path = content.roles_directory() / f"nvidia_driver/vars/{name}_{row['major']}.yml"
    assert yaml_file.read(path)["__nvidia_driver_repository_name"] == row["repository"]


@pytest.mark.parametrize("row", load().rows("gpus"), ids=lambda row: row["gpu"])
def test_boards_are_known_by_their_ids_and_need_the_modules_that_hosts_load(row: Row) -> None:
    assert row["ids"]
    for pci_id in row["ids"]:
        assert boards.architecture(pci_id) is not None
        assert row.get("modules") in (None, boards.modules(pci_id))


def test_branches_are_in_order_and_newest_versions_belong_to_them() -> None:
    assert list(load().branches()) == sorted(load().branches())
    newest = {row["branch"]: row["newest"] for row in load().rows("branches") if row.get("newest")}
    assert newest
    assert {branch: Version.parse(version).branch for branch, version in newest.items()} == {
        branch: branch for branch in newest
    }


def test_toolkits_need_newer_drivers_as_they_get_newer() -> None:
    drivers = [Version.parse(row["driver"]) for row in load().rows("cuda")]
    assert drivers == sorted(drivers)


@pytest.mark.parametrize(
    ("branch", "today", "over"),
    [
        (535, date(2026, 6, 30), False),
        (535, date(2026, 7, 1), True),
        (580, date(2028, 6, 30), False),
        (580, date(2028, 7, 1), True),
        (590, date(2020, 1, 1), True),
        (615, date(2099, 1, 1), False),  # no end is known
    ],
)
def test_support_ends_with_the_month(branch: int, today: date, over: bool) -> None:
    row = load().branch(branch)
    assert row is not None
    assert ended(row, today) is over


@pytest.mark.parametrize(
    ("identifier", "major", "repository"),
    [
        ("debian", "12", "debian12"),
        ("Debian", "13", "debian13"),
        ("ubuntu", "24.04", "ubuntu2404"),
        ("rocky", "9", "rhel9"),
        ("RedHat", "10", "rhel10"),
        ("almalinux", "8.10", "rhel8"),
    ],
)
def test_distributions_are_found_by_either_name(identifier: str, major: str, repository: str) -> None:
    row = load().distribution(identifier, major)
    assert row is not None
    assert row["repository"] == repository


@pytest.mark.parametrize(("identifier", "major"), [("debian", "11"), ("arch", ""), ("fedora", "44")])
def test_other_distributions_are_not(identifier: str, major: str) -> None:
    assert load().distribution(identifier, major) is None


@pytest.mark.parametrize(
    ("feature", "engine", "has"),
    [
        ("cdi", "20.10.24", False),
        ("cdi", "25.0.0", True),
        ("cdi", "26.1.5", True),
        ("gpus_option", "18.09", False),
    ],
)
def test_engines_have_features_from_a_version_on(feature: str, engine: str, has: bool) -> None:
    assert load().engine_has(feature, engine) is has


def test_versions_compare_as_numbers() -> None:
    assert Version.parse("580.95.05") > Version.parse("580.9") > Version.parse(580)
    assert Version.parse("580.95.05") == Version.parse("580.95.5")


@pytest.mark.parametrize("text", ["", "latest", "580.", "580-95", "R580", None])
def test_what_is_no_version_is_refused_in_words(text: object) -> None:
    with pytest.raises(UsageError, match="is not a version"):
        Version.parse(text)
