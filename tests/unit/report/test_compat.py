"""Answers of `compat` as tables."""

from datetime import date

from provision.compat import answer
from provision.compat.matrix import load
from provision.report.compat import branches, screen

from .test_plan import text

TODAY = date(2026, 3, 1)


def test_each_reason_names_its_row_and_where_it_was_read() -> None:
    lines = text(screen(answer("V100", "595", today=TODAY)), width=300).splitlines()
    (no,) = (number for number, line in enumerate(lines) if line.startswith("no"))
    assert "V100" in lines[no]
    assert lines[no + 1].strip().startswith("architectures: ")
    assert "https://docs.nvidia.com/" in lines[no + 2]


def test_branches_are_listed_with_their_support() -> None:
    lines = text(branches(load(), TODAY), width=300).splitlines()
    assert lines[0].split()[:2] == ["branch", "class"]
    assert len(lines) == 1 + len(load().rows("branches"))
    assert text(branches(load(), date(2099, 1, 1)), width=300).count("until") == 0
