"""The module `refusal`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from provision.plugins.modules import refusal

if TYPE_CHECKING:
    from tests.modules.conftest import RunModule


@pytest.mark.parametrize("check", [True, False])
def test_a_refusal_is_told_as_a_value(run_module: RunModule, *, check: bool) -> None:
    result = run_module(refusal, {"msg": "a reboot is needed", "hint": "allow it"}, check=check)
    assert (result["failed"], result["refused"]) == (True, True)
    assert (result["msg"], result["hint"]) == ("a reboot is needed", "allow it")
