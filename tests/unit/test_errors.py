"""Errors for people: one line, a cure, and the exit code of the contract."""

import pytest

from provision.errors import (
    INTERRUPTED,
    ConnectError,
    InventoryError,
    ProvisionError,
    RefusedError,
    RunError,
    UsageError,
    VariableError,
)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (InventoryError, 2),
        (VariableError, 2),
        (UsageError, 2),
        (RefusedError, 3),
        (RunError, 1),
        (ConnectError, 1),
    ],
)
def test_every_error_has_the_exit_code_of_the_contract(kind: type[ProvisionError], code: int) -> None:
    error = kind("it is broken", hint="mend it")
    assert (str(error), error.message, error.hint, error.exit_code) == (
        "it is broken",
        "it is broken",
        "mend it",
        code,
    )
    assert kind("it is broken").hint is None
    assert INTERRUPTED == 130


def test_a_message_is_one_line_and_a_hint_may_be_several() -> None:
    error = ProvisionError("a\nb", hint="c\nd")
    assert "\n" not in error.message
    assert error.hint == "c\nd"


def test_what_a_host_said_is_not_repeated_without_end() -> None:
    error = ConnectError("x" * 10_000)
    assert len(error.message) == 1000
    assert error.reachable
