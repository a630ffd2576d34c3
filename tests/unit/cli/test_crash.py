"""An error that nobody foresaw: one line on the screen, the traceback in a file that only the user can read."""

import stat
import tempfile
from pathlib import Path

import pytest

from provision import cli


@pytest.fixture(autouse=True)
def bug(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("surprise")

    monkeypatch.setattr(cli._Commands, "get_command", fail)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def test_the_traceback_is_kept_in_the_state_directory(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["up"]) == 1
    (kept,) = (tmp_path / "state" / "provision").iterdir()
    assert "ZeroDivisionError: surprise" in kept.read_text()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert capsys.readouterr().err.splitlines() == [
        "error: unexpected ZeroDivisionError: surprise",
        f"hint: this is a bug; the traceback is in {kept}",
    ]


def test_a_state_directory_that_cannot_be_written_is_no_error_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "state").write_text("a file in the way")
    assert cli.run(["up"]) == 1
    (kept,) = tmp_path.glob("crash-*.txt")
    assert f"the traceback is in {kept}" in capsys.readouterr().err

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    assert cli.run(["up"]) == 1
    assert "set XDG_STATE_HOME" in capsys.readouterr().err
