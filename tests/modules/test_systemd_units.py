"""systemd_units, with systemctl answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from provision.plugins.modules import systemd_units

if TYPE_CHECKING:
    from pathlib import Path

    from tests.modules.conftest import Programs, RunModule

UNIT = "nvidia-persistenced.service"
ARGUMENTS = {"units": [UNIT], "drop_ins": {UNIT: "[Unit]\n"}}


@pytest.fixture
def drop_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have the drop-in in a folder."""
    path = tmp_path / "unit.d" / "provision.conf"
    monkeypatch.setattr(systemd_units, "_path", lambda _unit: str(path))
    return path


def _answer(programs: Programs, active: str, enabled: str) -> None:
    programs.answers = {
        ("systemctl", "show"): (0, f"ActiveState={active}\nUnitFileState={enabled}\n", ""),
        ("systemctl",): (0, "", ""),
    }


def test_units_are_reread_only_when_a_drop_in_changed(
    run_module: RunModule, programs: Programs, drop_in: Path
) -> None:
    _answer(programs, "active", "enabled")
    assert run_module(systemd_units, ARGUMENTS)["changed"]
    assert programs.ran("systemctl", "daemon-reload")
    programs.calls.clear()
    assert not run_module(systemd_units, ARGUMENTS)["changed"]
    assert not programs.ran("systemctl", "daemon-reload")
    assert drop_in.read_text(encoding="utf-8") == "[Unit]\n"


def test_what_does_not_run_is_started_and_enabled(run_module: RunModule, programs: Programs) -> None:
    _answer(programs, "inactive", "disabled")
    result = run_module(systemd_units, {"units": [UNIT]})
    assert (result["started"], result["enabled"]) == ([UNIT], [UNIT])
    assert programs.ran("systemctl", "enable", UNIT)
    assert programs.ran("systemctl", "start", UNIT)


def test_check_mode_counts_a_unit_that_is_not_there_yet(
    run_module: RunModule, programs: Programs, drop_in: Path
) -> None:
    _answer(programs, "inactive", "")
    result = run_module(systemd_units, ARGUMENTS, check=True)
    assert result["started"] == [UNIT]
    assert not drop_in.exists()
    assert not programs.ran("systemctl", "start")


def test_a_unit_that_does_not_start_is_an_error_with_a_hint(
    run_module: RunModule, programs: Programs
) -> None:
    _answer(programs, "inactive", "enabled")
    programs.answers[("systemctl", "start")] = (1, "", "Job failed\n")
    programs.answers = dict(sorted(programs.answers.items(), key=lambda item: -len(item[0])))
    result = run_module(systemd_units, {"units": [UNIT]})
    assert "Job failed" in result["msg"]
    assert f"journalctl -u {UNIT}" in result["hint"]


def test_what_a_package_started_counts_as_changed(run_module: RunModule, programs: Programs) -> None:
    _answer(programs, "active", "enabled")
    result = run_module(systemd_units, {"units": [UNIT], "introduced": True})
    assert (result["changed"], result["started"]) == (True, [UNIT])


def test_a_masked_unit_is_unmasked_first(run_module: RunModule, programs: Programs) -> None:
    _answer(programs, "inactive", "masked")
    assert run_module(systemd_units, {"units": [UNIT]})["changed"]
    assert programs.ran("systemctl", "unmask", UNIT)
    assert programs.ran("systemctl", "reset-failed", UNIT)


def test_what_is_enabled_for_this_boot_alone_is_enabled_for_the_next(
    run_module: RunModule, programs: Programs
) -> None:
    _answer(programs, "active", "enabled-runtime")
    result = run_module(systemd_units, {"units": [UNIT]})
    assert (result["changed"], result["enabled"], result["started"]) == (True, [UNIT], [])
    assert programs.ran("systemctl", "enable", UNIT)


def test_several_units_are_asked_for_at_once(run_module: RunModule, programs: Programs) -> None:
    text = "ActiveState=active\nUnitFileState=enabled\n"
    programs.answers = {("systemctl", "show"): (0, text + "\n" + text, "")}
    assert not run_module(systemd_units, {"units": [UNIT, "other.service"]})["changed"]
    assert len(programs.calls) == 1
