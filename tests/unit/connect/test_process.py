"""A program on this machine: what it prints is read to its end, and no further than is bearable."""

import pytest

from provision.connect.process import Process
from provision.errors import ConnectError


def test_output_errors_and_code_come_back() -> None:
    process = Process(["/bin/sh", "-c", "cat; echo no >&2; exit 3"])
    assert process.output(b"x" * 300_000, 20) == ("x" * 300_000, "no\n", 3)


def test_a_program_that_reads_nothing_is_heard() -> None:
    assert Process(["/bin/echo", "hello"]).output(b"x" * 1_000_000, 20)[0] == "hello\n"


@pytest.mark.parametrize("line", ["yes", "yes >&2"])
def test_a_program_that_prints_without_end_is_ended(line: str) -> None:
    with pytest.raises(ConnectError, match="more than 16 MiB"):
        Process(["/bin/sh", "-c", line]).output(b"", 60)


def test_a_program_that_takes_too_long_is_ended() -> None:
    with pytest.raises(TimeoutError):
        Process(["/bin/sleep", "60"]).output(b"", 0.2)
