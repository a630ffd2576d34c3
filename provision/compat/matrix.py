"""The compatibility data of matrix.yml, loaded and queried. A query returns the row that answers it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from provision import yaml_file
from provision.compat.version import Version
from provision.plugins.module_utils.gpus import boards

_EL = frozenset({"rhel", "redhat", "rocky", "almalinux", "ol", "oraclelinux", "centos", "el"})


@dataclass(frozen=True)
class Source:
    """Where a row was read."""

    title: str
    url: str


@dataclass(frozen=True)
class Row:
    """One row of a table; `values` are its own columns, without source, verified and note."""

    table: str
    values: Mapping[str, Any]
    source: Source
    verified: bool
    note: str | None

    def __getitem__(self, column: str) -> Any:  # noqa: ANN401 - the column knows its type
        return self.values[column]

    def get(self, column: str) -> Any:  # noqa: ANN401 - the column knows its type
        """Return the column, or None where the row has none."""
        return self.values.get(column)

    def __str__(self) -> str:
        columns = ", ".join(f"{name} {_plain(value)}" for name, value in self.values.items())
        return f"{self.table}: {columns}"


@dataclass(frozen=True)
class Matrix:
    """Every table, by name; rows keep their order in the file."""

    tables: Mapping[str, tuple[Row, ...]]

    def rows(self, table: str) -> tuple[Row, ...]:
        """Return the rows of a table. Raises KeyError."""
        return self.tables[table]

    def branch(self, number: int) -> Row | None:
        """Return the row of a driver branch."""
        return self._first("branches", "branch", number)

    def branches(self) -> tuple[int, ...]:
        """Return every driver branch that has a row, oldest first."""
        return tuple(row["branch"] for row in self.rows("branches"))

    def architecture(self, name: str) -> Row | None:
        """Return the row of a GPU architecture."""
        return self._first("architectures", "architecture", name)

    def gpu(self, pci_id: str) -> Row | None:
        """Return the row of a board that is narrower than its architecture's, by PCI id."""
        return next((row for row in self.rows("gpus") if pci_id in row["ids"]), None)

    def cuda(self, version: Version) -> Row | None:
        """Return the row of a toolkit; updates (12.8.1) share the row of their release (12.8)."""
        return self._first("cuda", "cuda", ".".join(str(part) for part in version.numbers[:2]))

    def cuda_floor(self, version: Version) -> Row | None:
        """Return the row with the oldest driver for the toolkit's major version."""
        return self._first("cuda_floors", "major", version.numbers[0])

    def distribution(self, identifier: str, major: str) -> Row | None:
        """Return the row of a distribution: `ID` of os-release or Ansible's name, and major version."""
        name = "el" if identifier.lower() in _EL else identifier.lower()
        rows = (row for row in self.rows("distributions") if row["distribution"] == name)
        return next((row for row in rows if row["major"] == major.partition(".")[0]), None)

    def engine_has(self, feature: str, version: str) -> bool:
        """Tell whether a Docker Engine has `gpus_option`, `cdi`, `cdi_group_ids` or `cdi_by_default`.

        Raises KeyError for an unknown feature, UsageError for what is no version.
        """
        row = self._first("engines", "feature", feature)
        if row is None:
            raise KeyError(feature)
        return Version.parse(version) >= Version.parse(row["engine"])

    def newest(self, driver: Version) -> Version:
        """Return the driver that a version stands for: itself, or the newest one seen of its branch."""
        row = self.branch(driver.branch)
        if not driver.is_branch or row is None or row.get("newest") is None:
            return driver
        return Version.parse(row["newest"])

    def _first(self, table: str, column: str, value: object) -> Row | None:
        return next((row for row in self.rows(table) if row[column] == value), None)


@cache
def load() -> Matrix:
    """Read matrix.yml. A row without a known source raises KeyError: data without a source is no data."""
    document = yaml_file.read(Path(__file__).with_name("matrix.yml"))
    sources = {tag: Source(**source) for tag, source in document.pop("sources").items()}
    return Matrix({table: tuple(_rows(table, rows, sources)) for table, rows in document.items()})


def ended(branch: Row, today: date) -> bool:
    """Tell whether NVIDIA's support of a driver branch is over; False where its end is not known."""
    if branch.get("ended"):
        return True
    if branch.get("eol") is None:
        return False
    year, month = (int(part) for part in branch["eol"].split("-"))
    return (today.year, today.month) > (year, month)


def gpu_names() -> dict[str, str]:
    """Return the boards that a person can name, PCI id by name in lower case, first id wins."""
    found: dict[str, str] = {}
    for pci_id, name in boards.boards().items():
        for each in name.split(" / "):
            found.setdefault(each.lower(), pci_id)
    return found


def _rows(table: str, rows: Iterable[dict[str, Any]], sources: Mapping[str, Source]) -> Iterator[Row]:
    for row in rows:
        source = sources[row.pop("source")]
        verified = row.pop("verified", True)
        note = row.pop("note", None)
        yield Row(table, row, source, verified, note)


def _plain(value: object) -> str:
    return ", ".join(str(each) for each in value) if isinstance(value, list) else str(value)
