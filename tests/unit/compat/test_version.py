"""Versions are numbers between dots, and never floating point."""

import pytest

from provision.compat.version import Version
from provision.errors import UsageError


def test_versions_are_ordered_by_their_numbers() -> None:
    ordered = ["12.8", "12.10", "570.211.01", "580", "580.95.05", "580.178.04", "595.71.05"]
    assert sorted(map(Version.parse, reversed(ordered))) == [Version.parse(text) for text in ordered]


def test_how_a_version_is_written_is_kept_and_does_not_count() -> None:
    padded, plain = Version.parse("580.95.05"), Version.parse("580.95.5")
    assert padded == plain
    assert len({padded, plain}) == 1
    assert (str(padded), str(plain)) == ("580.95.05", "580.95.5")
    assert padded != "580.95.05"


def test_a_branch_is_one_number() -> None:
    assert (Version.parse(580).branch, Version.parse(580).is_branch) == (580, True)
    assert (Version.parse(" 580.95.05 ").branch, Version.parse("580.95.05").is_branch) == (580, False)


@pytest.mark.parametrize("text", ["", "latest", "580.", "v580", "1.2.3.4.5", "580.95.05-1", None])
def test_what_is_no_version_is_refused(text: object) -> None:
    with pytest.raises(UsageError, match="is not a version"):
        Version.parse(text)
