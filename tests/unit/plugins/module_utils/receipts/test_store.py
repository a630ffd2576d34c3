"""Writing receipts, and which of them count."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from provision.plugins.module_utils.receipts.store import (
    build,
    load,
    receipt_path,
    withdraw,
    write,
)

INPUTS = {"salt": "s", "content": "c", "variables": {"a": {"digest": "d"}}, "everything": None}
AS_ROOT = pytest.mark.needs("root")  # receipts count only when root owns them


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "provision" / "receipts"


def names(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir()]


def receipt(**changes: object) -> dict[str, Any]:
    return {**build("docker_engine", INPUTS, {"files": ["/a"]}, {"files": {"/a": None}}), **changes}


@AS_ROOT
def test_a_receipt_that_was_written_counts(directory: Path) -> None:
    written = receipt()
    write(written, str(directory))
    assert load(str(directory)) == {"docker_engine": written}


def test_only_root_can_read_a_receipt(directory: Path) -> None:
    write(receipt(), str(directory))
    assert directory.stat().st_mode & 0o777 == 0o700
    assert (directory / "docker_engine.json").stat().st_mode & 0o777 == 0o600
    assert names(directory) == ["docker_engine.json"]


def test_a_receipt_that_cannot_be_written_leaves_the_old_one(directory: Path) -> None:
    write(receipt(), str(directory))
    before = (directory / "docker_engine.json").read_bytes()
    with pytest.raises(TypeError):
        write(receipt(state={"files": object()}), str(directory))
    assert (directory / "docker_engine.json").read_bytes() == before
    assert names(directory) == ["docker_engine.json"]


def test_withdrawing_is_for_one_role_and_can_be_repeated(directory: Path) -> None:
    withdraw("docker_engine", str(directory))
    write(receipt(), str(directory))
    write(receipt(role="other"), str(directory))
    withdraw("docker_engine", str(directory))
    withdraw("docker_engine", str(directory))
    assert names(directory) == ["other.json"]


BAD: dict[str, Any] = {
    "newer schema": receipt(schema=2),
    "older schema": receipt(schema=0),
    "clock was ahead": receipt(written=time.time() + 3600),
    "no time": receipt(written="yesterday"),
    "another role's": receipt(role="nvidia_driver"),
    "no inputs": receipt(inputs=None),
    "inputs without salt": receipt(inputs={**INPUTS, "salt": None}),
    "inputs without digests": receipt(inputs={**INPUTS, "variables": {"a": {}}}),
    "inputs without everything": receipt(inputs={"salt": "s", "content": "c", "variables": {}}),
    "no state": receipt(state=None),
    "a list": [],
    "null": None,
}


@AS_ROOT
@pytest.mark.parametrize("case", sorted(BAD))
def test_a_receipt_that_is_not_one_of_ours_counts_as_none(directory: Path, case: str) -> None:
    write(receipt(), str(directory))
    path = Path(receipt_path("docker_engine", str(directory)))
    path.write_text(json.dumps(BAD[case]))
    assert load(str(directory)) == {}


@AS_ROOT
@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"schema": 1'],
    ids=["empty", "cut", "bytes", "deep", "half"],
)
def test_a_corrupt_receipt_counts_as_none(directory: Path, content: bytes) -> None:
    write(receipt(), str(directory))
    Path(receipt_path("docker_engine", str(directory))).write_bytes(content)
    assert load(str(directory)) == {}


@AS_ROOT
def test_a_receipt_of_somebody_else_counts_as_none(directory: Path) -> None:
    write(receipt(), str(directory))
    path = Path(receipt_path("docker_engine", str(directory)))
    os.chown(path, 65534, -1)
    assert load(str(directory)) == {}
    os.chown(path, 0, -1)
    path.chmod(0o620)
    assert load(str(directory)) == {}
    path.chmod(0o600)
    assert list(load(str(directory))) == ["docker_engine"]


@AS_ROOT
def test_a_link_or_a_pipe_counts_as_none(directory: Path) -> None:
    write(receipt(), str(directory))
    path = Path(receipt_path("docker_engine", str(directory)))
    elsewhere = directory.parent / "elsewhere.json"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    os.mkfifo(directory / "pipe.json")
    assert load(str(directory)) == {}


def test_no_folder_means_no_receipts(tmp_path: Path) -> None:
    assert load(str(tmp_path / "none")) == {}
