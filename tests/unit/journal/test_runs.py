"""The memory of runs: where it lies, who may write it, what it keeps."""

import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from provision.errors import RefusedError, RunError
from provision.journal import PastRun, open_journal, past_runs
from provision.journal import runs as journal_module
from provision.model.run import HostRun, Outcome, RoleOutcome, Run


def _rows(directory: Path, query: str) -> list[tuple[object, ...]]:
    database = sqlite3.connect(directory / ".provision" / "journal.sqlite")
    try:
        return database.execute(query).fetchall()
    finally:
        database.close()


def test_a_run_is_recorded_beside_the_inventory(tmp_path: Path) -> None:
    inventory = tmp_path / "fleet.ini"
    with open_journal(inventory) as journal:
        first, second = journal.begin("up", inventory, None), journal.begin("up", inventory, "gpu")
        hosts = {"h1": HostRun(Outcome.FAILED, {"driver": RoleOutcome.FAILED}, "no space", seconds=1.5)}
        journal.end(Run(second, hosts), 1)
        assert journal.directory(second) == tmp_path / ".provision" / "runs" / second
    assert first < second
    assert stat.S_IMODE((tmp_path / ".provision").stat().st_mode) == 0o700
    assert _rows(tmp_path, "SELECT id, host_pattern, exit_code, ended IS NULL FROM runs ORDER BY id") == [
        (first, None, None, 1),
        (second, "gpu", 1, 0),
    ]
    assert _rows(tmp_path, "SELECT * FROM hosts") == [
        (second, "h1", "failed", '{"driver": "failed"}', "no space", 1.5)
    ]


def test_old_directories_of_runs_that_ended_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "KEPT_DIRECTORIES", 2)
    inventory = tmp_path / "fleet.ini"
    with open_journal(inventory) as journal:
        runs = [journal.begin("up", inventory, None) for _ in range(5)]
        for run in runs:
            journal.directory(run).mkdir(parents=True)
            (journal.directory(run) / "ansible.log").touch()
        (tmp_path / ".provision" / "runs" / "0-mine").mkdir()
        for run in runs[1:]:  # the first was cut short
            journal.end(Run(run, {}), 0)
        journal.begin("up", inventory, None)
    left = sorted(path.name for path in (tmp_path / ".provision" / "runs").iterdir())
    assert left == sorted(["0-mine", runs[0], *runs[3:]])
    assert len(_rows(tmp_path, "SELECT id FROM runs")) == 6


def test_a_second_writer_is_refused_while_the_first_lives(tmp_path: Path) -> None:
    program = f"""
from pathlib import Path
from provision.journal import PastRun, open_journal, past_runs
with open_journal(Path("{tmp_path}/fleet.ini")):
    print("open", flush=True)
    input()
"""
    arguments = [sys.executable, "-c", program]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdin is not None
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(RefusedError, match=f"process {holder.pid}"), open_journal(tmp_path / "fleet.ini"):
            pass
        holder.kill()  # even so the lock is gone with it
    with open_journal(tmp_path / "fleet.ini") as journal:
        assert journal.begin("up", tmp_path / "fleet.ini", None)


def test_a_directory_that_cannot_be_written_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / ".provision").write_text("a file in the way")
    with (
        pytest.raises(RunError, match=r"cannot write `.*/\.provision`: File exists"),
        open_journal(tmp_path / "i"),
    ):
        pass


def test_a_journal_that_is_none_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / ".provision").mkdir()
    (tmp_path / ".provision" / "journal.sqlite").write_text("not a database, but as long as its header " * 9)
    with (
        pytest.raises(RunError, match=r"cannot write `.*/journal\.sqlite`: file is not a database"),
        open_journal(tmp_path / "i"),
    ):
        pass


def test_runs_are_read_newest_first_while_another_has_the_journal(tmp_path: Path) -> None:
    inventory = tmp_path / "fleet.ini"
    assert past_runs(inventory) == []
    with open_journal(inventory) as journal:
        ended, cut_short = journal.begin("up", inventory, "gpu"), journal.begin("up", inventory, None)
        hosts = {"h1": HostRun(Outcome.CHANGED), "h2": HostRun(Outcome.FAILED), "h3": HostRun(Outcome.FAILED)}
        journal.end(Run(ended, hosts), 1)
        newest, oldest = past_runs(inventory)
    assert newest == PastRun(cut_short, "up", None, newest.started, None, None, {})
    assert oldest == PastRun(
        ended, "up", "gpu", oldest.started, oldest.ended, 1, {Outcome.CHANGED: 1, Outcome.FAILED: 2}
    )
    assert oldest.ended is not None and oldest.started <= oldest.ended


def test_reading_leaves_nothing_behind(tmp_path: Path) -> None:
    past_runs(tmp_path / "fleet.ini")
    assert list(tmp_path.iterdir()) == []
    with open_journal(tmp_path / "fleet.ini") as journal:
        journal.begin("up", tmp_path / "fleet.ini", None)
    before = sorted((tmp_path / ".provision").iterdir())
    assert len(past_runs(tmp_path / "fleet.ini")) == 1
    assert sorted((tmp_path / ".provision").iterdir()) == before


def test_a_journal_that_cannot_be_read_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / ".provision").mkdir()
    (tmp_path / ".provision" / "journal.sqlite").write_text("not a database, but as long as its header " * 9)
    with pytest.raises(RunError, match=r"cannot read `.*/journal\.sqlite`: file is not a database"):
        past_runs(tmp_path / "fleet.ini")
