"""The first task of a role looks whether its last one could do its work."""

import pytest

from provision.plugins.modules import role_receipt

from .conftest import RunModule


@pytest.mark.parametrize("check", [True, False])
def test_a_role_that_could_not_leave_its_receipt_fails_before_it_begins(
    run_module: RunModule, monkeypatch: pytest.MonkeyPatch, check: bool
) -> None:
    withdrawn: list[str] = []
    monkeypatch.setattr(role_receipt, "obstacle", lambda _: "no space left in /var/lib")
    monkeypatch.setattr(role_receipt, "withdraw", withdrawn.append)
    result = run_module(role_receipt, {"role": "demo", "state": "withdrawn"}, check=check)
    assert result["failed"]
    assert result["msg"] == "the role could not leave its receipt: no space left in /var/lib"
    assert "df -h" in result["hint"]
    assert withdrawn == []
