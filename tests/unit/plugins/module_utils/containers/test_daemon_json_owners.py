"""Who owns which keys of daemon.json, on disk and while dockerd has not loaded a change."""

from pathlib import Path

import pytest

from provision.plugins.module_utils.containers.daemon_json_owners import (
    Owners,
    OwnersError,
    load_owners,
    save_owners,
    settle_owners,
)


def test_owners_survive_on_disk_and_hold_no_values(tmp_path: Path) -> None:
    owners = Owners({}).with_owner(
        "engine", {("proxies", "http-proxy"): "http://user:secret@x"}, [("proxies",)]
    )
    save_owners(str(tmp_path), owners)
    file = tmp_path / "daemon-json-owners.json"
    assert "secret" not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    loaded = load_owners(str(tmp_path))
    assert loaded.paths("engine") == [("proxies", "http-proxy")]
    assert loaded.parents("engine") == [("proxies",)]
    assert loaded.paths("toolkit") == []


def test_a_key_that_two_own_is_nobodys_to_remove_and_only_another_value_is_a_quarrel() -> None:
    owners = (
        Owners({}).with_owner("engine", {("debug",): True}, []).with_owner("toolkit", {("debug",): True}, [])
    )
    assert owners.paths("engine") == []
    assert owners.rival("engine", ("debug",), True) is None
    assert owners.rival("engine", ("debug",), False) == "toolkit"
    assert owners.with_owner("toolkit", {}, []).paths("engine") == [("debug",)]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"owners": {"x": 1}}'])
def test_a_damaged_record_of_owners_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "daemon-json-owners.json").write_text(text)
    with pytest.raises(OwnersError):
        load_owners(str(tmp_path))


def test_what_an_owner_lets_go_is_its_own_until_dockerd_runs_with_the_file(tmp_path: Path) -> None:
    before = Owners({}).with_owner("engine", {("log-opts", "tag"): "x"}, [("log-opts",)])
    save_owners(str(tmp_path), before.settled().with_owner("engine", {("debug",): True}, []))
    changing = load_owners(str(tmp_path))
    assert changing.paths("engine") == [("log-opts", "tag"), ("debug",)]
    assert changing.parents("engine") == [("log-opts",)]
    settle_owners(str(tmp_path))
    assert load_owners(str(tmp_path)).paths("engine") == [("debug",)]
    assert load_owners(str(tmp_path)).parents("engine") == []


def test_an_owner_of_nothing_lets_go_as_others_do() -> None:
    owners = Owners({}).with_owner("engine", {("debug",): True}, []).with_owner("engine", {}, [])
    assert (owners.claims, owners.paths("engine")) == ({}, [("debug",)])
    assert owners.settled().paths("engine") == []


def test_what_one_lets_go_another_may_set_at_once() -> None:
    owners = Owners({}).with_owner("engine", {("debug",): True}, []).with_owner("engine", {}, [])
    assert owners.rival("toolkit", ("debug",), False) is None
    assert owners.with_owner("toolkit", {("debug",): False}, []).paths("engine") == []


def test_setting_the_same_again_changes_nothing() -> None:
    owners = Owners({}).with_owner("engine", {("debug",): True}, [])
    assert owners.with_owner("engine", {("debug",): True}, []) is owners


def test_a_damaged_record_is_not_settled(tmp_path: Path) -> None:
    (tmp_path / "daemon-json-owners.json").write_text("{}")
    settle_owners(str(tmp_path))
    assert (tmp_path / "daemon-json-owners.json").read_text() == "{}"
