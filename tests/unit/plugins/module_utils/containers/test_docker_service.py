"""The note on what dockerd has not loaded, and what its restart would stop."""

from pathlib import Path

import pytest

from provision.plugins.module_utils.containers import docker_service
from provision.plugins.module_utils.containers.docker_service import (
    Note,
    loses_live_restore,
    read_note,
    remove_note,
    restart_victims,
    write_note,
)
from provision.plugins.module_utils.containers.engine import Container
from provision.plugins.module_utils.host.systemd import Unit

NOTE = Note("reload", ["labels"], "/backup/1", "a")


def dockerd(active: str, invocation: str) -> Unit:
    return Unit("docker.service", "loaded", active, "enabled", invocation, passing=False)


@pytest.mark.parametrize(
    ("docker", "counts"),
    [
        (dockerd("active", "a"), True),
        (dockerd("active", "b"), False),
        (dockerd("activating", "b"), False),
        (dockerd("failed", "b"), True),
        (dockerd("inactive", ""), True),
    ],
)
def test_a_note_counts_until_dockerd_runs_anew(tmp_path: Path, docker: Unit, *, counts: bool) -> None:
    write_note(NOTE, str(tmp_path))
    assert read_note(docker, str(tmp_path)) == (NOTE if counts else None)
    remove_note(str(tmp_path))
    remove_note(str(tmp_path))
    assert read_note(docker, str(tmp_path)) is None


@pytest.mark.parametrize("text", ["", "[]", "null", '{"action": "reload"}'])
def test_a_broken_note_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "pending.json").write_text(text)
    assert read_note(dockerd("active", "a"), str(tmp_path)) is None


def test_a_note_upon_a_former_one_asks_for_both_and_keeps_the_way_back() -> None:
    later = Note("restart", ["log-driver"], "/backup/2", "a")
    assert later.upon(None) == later
    assert later.upon(NOTE) == Note("restart", ["labels", "log-driver"], "/backup/1", "a")
    assert NOTE.upon(later).action == "restart"


@pytest.mark.parametrize(
    ("enabled", "goes", "stopped"), [(False, False, True), (True, False, False), (True, True, True)]
)
def test_live_restore_saves_containers_unless_it_goes(
    monkeypatch: pytest.MonkeyPatch, *, enabled: bool, goes: bool, stopped: bool
) -> None:
    running = [Container("train", "cuda:base", True)]
    monkeypatch.setattr(docker_service, "get", lambda _: {"LiveRestoreEnabled": enabled})
    monkeypatch.setattr(docker_service, "running_containers", lambda: running)
    assert restart_victims(goes) == (running if stopped else [])


def test_live_restore_goes_where_it_is_changed_and_off() -> None:
    assert loses_live_restore(["live-restore"], {})
    assert not loses_live_restore(["live-restore"], {"live-restore": True})
    assert not loses_live_restore(["labels"], {})
