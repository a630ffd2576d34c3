"""The memory of runs: `.provision/` beside the inventory, with a journal and one directory a run.

One program writes at a time: the journal holds a lock for as long as it is open.
"""

import fcntl
import json
import os
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from provision.errors import RefusedError, RunError
from provision.model.run import Outcome, Run

_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY, command TEXT NOT NULL, inventory TEXT NOT NULL, host_pattern TEXT,
    started REAL NOT NULL, ended REAL, exit_code INTEGER
) STRICT;
CREATE TABLE IF NOT EXISTS hosts (
    run TEXT NOT NULL REFERENCES runs (id), name TEXT NOT NULL, outcome TEXT NOT NULL,
    roles TEXT NOT NULL, error TEXT, seconds REAL NOT NULL,
    PRIMARY KEY (run, name)
) STRICT;
"""

_RUNS = """
SELECT id, command, host_pattern, started, ended, exit_code FROM runs ORDER BY started DESC, id DESC
"""
_WHERE = "runs are recorded beside the inventory"

KEPT_DIRECTORIES = 100


@dataclass(frozen=True)
class PastRun:
    """A run as the journal has it. Times are seconds since the epoch.

    `ended` and `exit_code` are None for a run that is going on or was cut short; then `outcomes`, the number of
    hosts by outcome, are empty.
    """

    id: str
    command: str
    limit: str | None
    started: float
    ended: float | None
    exit_code: int | None
    outcomes: Mapping[Outcome, int]


class Journal:
    """An open journal. Times are seconds since the epoch; a run without an end was cut short."""

    def __init__(self, directory: Path, database: sqlite3.Connection) -> None:
        self._directory = directory
        self._database = database

    def begin(self, command: str, inventory: Path, limit: str | None) -> str:
        """Record that a run begins and return its id, which sorts by time: `20260822T101500Z-up`.

        Directories of runs that have ended are removed, all but the newest hundred.
        """
        self._prune()
        started = time.time()
        stem = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(started))}-{command}"
        taken = {
            row[0] for row in self._database.execute("SELECT id FROM runs WHERE id GLOB ?", (f"{stem}*",))
        }
        run = stem if stem not in taken else f"{stem}-{len(taken) + 1}"
        with self._database:
            self._database.execute(
                "INSERT INTO runs (id, command, inventory, host_pattern, started) VALUES (?, ?, ?, ?, ?)",
                (run, command, str(inventory), limit, started),
            )
        return run

    def _prune(self) -> None:
        directory = self._directory / "runs"
        old = sorted(path.name for path in directory.glob("*"))[:-KEPT_DIRECTORIES]
        # One without an end may be resumed, and one that the journal does not know is not ours.
        ended = {row[0] for row in self._database.execute("SELECT id FROM runs WHERE ended IS NOT NULL")}
        for name in ended.intersection(old):
            shutil.rmtree(directory / name, ignore_errors=True)

    def end(self, run: Run, exit_code: int) -> None:
        """Record how the run and each of its hosts ended."""
        with self._database:
            self._database.executemany(
                "INSERT OR REPLACE INTO hosts VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (run.id, name, host.outcome, json.dumps(host.roles), host.error, host.seconds)
                    for name, host in run.hosts.items()
                ],
            )
            self._database.execute(
                "UPDATE runs SET ended = ?, exit_code = ? WHERE id = ?", (time.time(), exit_code, run.id)
            )

    def directory(self, run: str) -> Path:
        """Return the directory for the files of the run; it is made by whoever writes there."""
        return self._directory / "runs" / run


def past_runs(inventory: Path) -> list[PastRun]:
    """Return the runs on the inventory, the newest first; a run may go on meanwhile.

    Raises RunError where the journal cannot be read.
    """
    path = _directory(inventory) / "journal.sqlite"
    if not path.exists():
        return []
    try:
        # Not read-only: such a reader leaves the files of the write-ahead log behind.
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True)) as database:
            runs = database.execute(_RUNS).fetchall()
            hosts = database.execute("SELECT run, outcome FROM hosts").fetchall()
    except sqlite3.Error as error:
        raise RunError(f"cannot read `{path}`: {error}", hint=_WHERE) from error
    outcomes: dict[str, Counter[Outcome]] = {run_id: Counter() for run_id, *_ in runs}
    for run_id, outcome in hosts:
        outcomes[run_id][Outcome(outcome)] += 1
    return [
        PastRun(run_id, command, limit, started, ended, code, outcomes[run_id])
        for run_id, command, limit, started, ended, code in runs
    ]


def _directory(inventory: Path) -> Path:
    return (Path.cwd() if "," in str(inventory) else inventory.absolute().parent) / ".provision"


@contextmanager
def open_journal(inventory: Path) -> Iterator[Journal]:
    """Open the journal of the inventory for writing.

    Raises RefusedError while another program has it open, RunError where the directory cannot be written.
    """
    directory = _directory(inventory)
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _unwritable(directory, str(error.strerror)) from error
    try:
        _take(lock, directory)
        (directory / "journal.sqlite").touch(mode=0o600)
        database = sqlite3.connect(directory / "journal.sqlite")
        try:
            database.execute("PRAGMA journal_mode = WAL")
            database.executescript(_SCHEMA)
            yield Journal(directory, database)
        except sqlite3.Error as error:  # a full disk, or a file that is none of ours
            raise _unwritable(directory / "journal.sqlite", str(error)) from error
        finally:
            database.close()
    finally:
        os.close(lock)


def _unwritable(path: Path, why: str) -> RunError:
    return RunError(f"cannot write `{path}`: {why}", hint=_WHERE)


def _take(lock: int, directory: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(lock, 32, 0).decode().strip() or "unknown"
        raise RefusedError(
            f"another run works on this inventory (process {holder})",
            hint=f"wait for it; it holds `{directory}/lock`",
        ) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
