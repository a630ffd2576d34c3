"""Where the content is: in a clone, and in the wheel as a collection."""

import os
from pathlib import Path

import pytest

from provision import content

ROOT = Path(__file__).parents[2]


def test_in_a_clone_content_goes_by_paths() -> None:
    assert content.playbook("site") == str(ROOT / "playbooks/site.yml")
    assert content.roles_directory() == ROOT / "roles"
    assert content.callback() == "provision_events"
    found = content.environment()
    assert found.pop("ANSIBLE_CONFIG") == str(ROOT / "ansible.cfg")
    assert [path for path in found.values() if not Path(path).is_dir()] == []
    assert {path.name for path in content.roles_directory().iterdir()} == set(content.ROLES)


def test_in_a_wheel_it_goes_by_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "_CLONE", tmp_path)
    assert content.playbook("site") == "provision.gpu.site"
    assert content.callback() == "provision.gpu.provision_events"
    assert content.environment() == {}


def test_what_the_user_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in content.environment():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ANSIBLE_CONFIG", "/mine.cfg")
    content.export_environment()
    assert os.environ["ANSIBLE_CONFIG"] == "/mine.cfg"
    assert os.environ["ANSIBLE_ROLES_PATH"] == str(ROOT / "roles")
    for name in set(content.environment()) - {"ANSIBLE_CONFIG"}:
        monkeypatch.delenv(name)
