"""A receipt is gone for good before a role changes anything, and is there as a whole once all is measured."""

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args

from provision.plugins.module_utils.receipts import resources, store
from provision.plugins.modules import role_receipt
from tests.killing import Countdown, is_killed

from .conftest import RunModule

INPUTS: dict[str, object] = {"salt": "s", "content": "c", "variables": {}, "everything": None}
WITHDRAW = {"role": "demo", "state": "withdrawn"}
AS_ROOT = pytest.mark.needs("root")  # receipts count only when root owns them


def write(text: str, resource: Path) -> dict[str, object]:
    """Return the task that writes a receipt: `text` tells it from others."""
    inputs = {**INPUTS, "content": text}
    return {"role": "demo", "state": "written", "inputs": inputs, "resources": {"files": [str(resource)]}}


def install(setattr: Callable[[object, str, object], None], folder: Path) -> None:
    """Have the receipts in another folder."""
    for function in (store.withdraw, store.write):
        setattr(function, "__defaults__", (str(folder),))
    setattr(role_receipt, "DIRECTORY", str(folder))


@pytest.mark.parametrize("check", [True, False])
def test_a_role_that_could_not_leave_its_receipt_fails_before_it_begins(
    run_module: RunModule, monkeypatch: pytest.MonkeyPatch, check: bool
) -> None:
    withdrawn: list[str] = []
    monkeypatch.setattr(role_receipt, "obstacle", lambda _: "no space left in /var/lib")
    monkeypatch.setattr(role_receipt, "withdraw", withdrawn.append)
    result = run_module(role_receipt, WITHDRAW, check=check)
    assert result["failed"]
    assert result["msg"] == "the role could not leave its receipt: no space left in /var/lib"
    assert "df -h" in result["hint"]
    assert withdrawn == []


def test_each_step_is_on_the_disk_before_the_next(
    run_module: RunModule, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install(monkeypatch.setattr, tmp_path)
    (tmp_path / "demo.json").write_text("{}")
    steps: list[str] = []

    def sync(descriptor: int) -> None:
        steps.append("sync folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "sync file")

    def noted(name: str, function: Callable[..., object]) -> Callable[..., object]:
        def noting(*arguments: object) -> object:
            steps.append(name)
            return function(*arguments)

        return noting

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "rename", noted("rename", os.rename))
    monkeypatch.setattr(os, "unlink", noted("remove", os.unlink))
    monkeypatch.setattr(role_receipt, "measure", noted("measure", resources.measure))
    assert not run_module(role_receipt, WITHDRAW).get("failed")
    assert steps == ["remove", "sync folder"]

    steps.clear()
    assert not run_module(role_receipt, write("new", tmp_path / "file")).get("failed")
    assert steps[:1] == ["measure"]
    assert steps[-3:] == ["sync file", "rename", "sync folder"]


@pytest.mark.parametrize("check", [True, False])
def test_what_cannot_be_measured_leaves_no_receipt(
    run_module: RunModule, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, check: bool
) -> None:
    install(monkeypatch.setattr, tmp_path)
    task = {**WITHDRAW, "state": "written", "resources": {"nonsense": True}}
    assert bool(run_module(role_receipt, task, check=check).get("failed")) is not check
    assert list(tmp_path.iterdir()) == []


def run_role(folder: Path, resource: Path, text: str, at: int = 0) -> None:
    """Do what a role does: withdraw, change, write."""
    countdown = Countdown(at)
    with pytest.MonkeyPatch.context() as patch:
        install(patch.setattr, folder)
        if at:
            countdown.watch_files(folder)
        for task in (WITHDRAW, None, write(text, resource)):
            if task is None:
                countdown.tick()
                resource.write_text(text)
                continue
            with patch_module_args(task), suppress(SystemExit):
                role_receipt.main()


@AS_ROOT
def test_a_role_that_is_killed_leaves_its_old_receipt_none_or_the_new_one(tmp_path: Path) -> None:
    folder, resource = tmp_path / "receipts", tmp_path / "resource"
    seen, at, killed = [], 0, True
    while killed:
        at += 1
        run_role(folder, resource, "old")
        killed = is_killed(run_role, folder, resource, "new", at)
        receipts = store.load(str(folder))
        kept = receipts["demo"]["inputs"]["content"] if receipts else None
        assert kept in (None, resource.read_text()), f"effect {at}"
        seen.append(kept)
        run_role(folder, resource, "new")
        assert store.load(str(folder))["demo"]["inputs"]["content"] == "new"
    assert seen[0] == "old"
    assert seen[-1] == "new"
    assert set(seen[1:-1]) == {None}
    assert len(seen) > 3
