"""What a transaction may do, and which packages belong to one release."""

from collections.abc import Mapping

import pytest

from provision.plugins.module_utils.packages.transaction import (
    Request,
    Transaction,
    described,
    differing,
    family,
    judge,
)

NOTHING = Transaction({}, {}, {}, [], [], [])
INSTALLED = {"driver": "1-1", "lib": "1-1", "linux-image-amd64": "6.1-1", "gcc-12": "12-1", "docker": "20-1"}
REQUEST = Request({"driver": "2-1"}, absent=frozenset({"old"}), allow_upgrades=("gcc-*",))


def test_any_version_will_do_where_none_is_named() -> None:
    request = Request({"driver": None, "lib": "2-1", "new": None})
    assert differing(request, INSTALLED) == {"lib": "2-1", "new": None}


@pytest.mark.parametrize(
    "transaction",
    [
        NOTHING._replace(upgrade={"driver": "2-1"}),
        NOTHING._replace(install={"dependency": "1"}),
        NOTHING._replace(remove=["old"]),
        NOTHING._replace(upgrade={"gcc-12": "12-2"}),
    ],
)
def test_what_was_asked_for_may_happen(transaction: Transaction) -> None:
    assert judge(REQUEST, transaction, INSTALLED, frozenset()) is None


@pytest.mark.parametrize(
    ("transaction", "message"),
    [
        (NOTHING._replace(remove=["docker"]), "would remove docker"),
        (NOTHING._replace(upgrade={"linux-image-amd64": "6.2-1"}), "linux-image-amd64 6.1-1 -> 6.2-1"),
        (NOTHING._replace(downgrade={"driver": "0-1"}), "a downgrade: driver 1-1 -> 0-1"),
        (NOTHING._replace(install={"old": "1"}), "old would be installed although it must be absent"),
        (NOTHING._replace(upgrade={"lib": "2-1"}), "lib is held and would change"),
    ],
)
def test_nothing_else_may_happen(transaction: Transaction, message: str) -> None:
    refusal = judge(REQUEST, transaction, INSTALLED, frozenset({"lib"}))
    assert refusal is not None
    assert message in refusal.message
    assert refusal.hint


def test_a_held_package_changes_when_it_was_named() -> None:
    assert (
        judge(REQUEST, NOTHING._replace(upgrade={"driver": "2-1"}), INSTALLED, frozenset({"driver"})) is None
    )


def test_a_downgrade_is_done_when_it_is_allowed() -> None:
    request = REQUEST._replace(allow_downgrade=True)
    assert judge(request, NOTHING._replace(downgrade={"driver": "0-1"}), INSTALLED, frozenset()) is None


REPOSITORY: dict[str, dict[str, list[list[str]]]] = {
    "driver": {"580.1-1": [["lib"], ["open", "closed"], ["libc6"]], "595.1-1": [["lib"]]},
    "lib": {"580.1-2": [["deep"]], "595.1-1": []},
    "deep": {"580.1-1": [], "595.1-1": []},
    "open": {"580.1-1": [], "595.1-1": []},
    "closed": {"580.1-1": []},
    "libc6": {"2.36-9": []},
    "tool": {"580.1-1": [["base"]]},
    "base": {"580.1-2": [], "580.1-1": []},
}


def _family(requested: Mapping[str, str | None], shunned: list[str]) -> dict[str, str]:
    return family(
        requested,
        shunned,
        lambda packages: {name: REPOSITORY[name][version] for name, version in packages.items()},
        lambda names: {name: list(REPOSITORY.get(name, {})) for name in names},
    )


def test_dependencies_come_at_the_same_upstream_version_through_every_level() -> None:
    assert _family({"driver": "580.1-1"}, []) == {"lib": "580.1-2", "deep": "580.1-1", "open": "580.1-1"}


def test_the_very_version_goes_before_a_newer_packaging_of_the_same_release() -> None:
    assert _family({"tool": "580.1-1"}, []) == {"base": "580.1-1"}


def test_of_alternatives_the_one_that_was_asked_for_counts() -> None:
    assert "open" not in _family({"driver": "580.1-1", "closed": "580.1-1"}, [])


def test_an_alternative_that_must_be_absent_is_passed_over() -> None:
    assert _family({"driver": "580.1-1"}, ["open"])["closed"] == "580.1-1"


def test_packages_without_a_version_have_no_family() -> None:
    assert _family({"driver": None}, []) == {}


def test_description_shows_before_and_after() -> None:
    transaction = NOTHING._replace(
        upgrade={"driver": "2-1"}, install={"new": "1"}, remove=["docker"], hold=["driver"]
    )
    assert described(transaction, INSTALLED) == (
        "docker 20-1\ndriver 1-1\n",
        "driver 2-1\ndriver held\nnew 1\n",
    )
