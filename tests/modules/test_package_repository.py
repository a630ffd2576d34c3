"""package_repository, on a folder in place of /etc."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from provision.plugins.module_utils.packages import repositories as package_repositories
from provision.plugins.module_utils.packages import repository_files
from provision.plugins.module_utils.packages.openpgp import armored, certificates
from provision.plugins.module_utils.packages.repositories import RepositoryFiles
from provision.plugins.modules import package_repository

if TYPE_CHECKING:
    from tests.modules.conftest import RunModule

# A version 4 public key packet with an RSA modulus of a few bits: enough for a fingerprint, nobody's key.
PACKET = bytes([0x98, 12, 4, 0, 0, 0, 0, 1, 0, 8, 255, 0, 2, 3])
FINGERPRINT = certificates(PACKET)[0].fingerprint


@pytest.fixture
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have the repository's files in a folder."""
    original = package_repositories.render

    def render(options: dict[str, object], key: bytes, manager: str) -> RepositoryFiles:
        files = original(options, key, manager)
        return files._replace(
            source_path=str(tmp_path / "x.sources"), key_path=str(tmp_path / "keys" / "x.gpg")
        )

    monkeypatch.setattr(repository_files, "render", render)
    monkeypatch.setattr(package_repository, "render", render)
    monkeypatch.setattr(repository_files, "apt_sources", lambda: [str(p) for p in tmp_path.glob("*.list")])
    return tmp_path


def _arguments(**changes: object) -> dict[str, object]:
    return {
        "name": "x",
        "uri": "http://x.example.org/",
        "key": armored(PACKET),
        "key_fingerprints": [FINGERPRINT],
        "manager": "apt",
        **changes,
    }


def test_writes_both_files_once(run_module: RunModule, etc: Path) -> None:
    first = run_module(package_repository, _arguments())
    assert first["changed"]
    assert (etc / "keys" / "x.gpg").read_bytes() == PACKET
    assert "URIs: http://x.example.org/" in (etc / "x.sources").read_text(encoding="utf-8")
    assert not run_module(package_repository, _arguments())["changed"]


def test_check_mode_writes_nothing_and_shows_the_key(run_module: RunModule, etc: Path) -> None:
    result = run_module(package_repository, _arguments(), check=True)
    assert result["changed"]
    assert f"key {FINGERPRINT}\n" in [each["after"] for each in result["diff"]]
    assert list(etc.iterdir()) == []


def test_another_key_is_refused_and_nothing_written(run_module: RunModule, etc: Path) -> None:
    result = run_module(package_repository, _arguments(key_fingerprints=["0" * 40]))
    assert result["failed"]
    assert f"is {FINGERPRINT}, expected {'0' * 40}" in result["msg"]
    assert list(etc.iterdir()) == []


def test_replaced_files_are_removed(run_module: RunModule, etc: Path) -> None:
    old = etc / "old.list"
    old.write_text("deb [signed-by=/other.gpg] http://x.example.org/ ./\n", encoding="utf-8")
    result = run_module(package_repository, _arguments(replaces=[str(etc / "o*.list")]))
    assert result["removed"] == [str(old)]
    assert not old.exists()


def test_the_same_address_under_another_key_is_refused(run_module: RunModule, etc: Path) -> None:
    old = etc / "old.list"
    old.write_text("\ndeb [signed-by=/other.gpg] http://x.example.org ./\n", encoding="utf-8")
    result = run_module(package_repository, _arguments())
    assert f"{old}:2 offers http://x.example.org under /other.gpg" in result["msg"]
    assert old.exists()


def test_an_address_of_a_key_needs_a_fingerprint(run_module: RunModule, etc: Path) -> None:
    result = run_module(package_repository, _arguments(key="http://x.example.org/k", key_fingerprints=[]))
    assert "named by no fingerprint" in result["msg"]
    assert list(etc.iterdir()) == []


def test_absent_removes_its_own_files_and_fetches_no_key(run_module: RunModule, etc: Path) -> None:
    run_module(package_repository, _arguments())
    other = etc / "other.list"
    other.write_text("deb http://y.example.org ./\n", encoding="utf-8")
    gone = _arguments(state="absent", key="http://x.invalid/key", replaces=[str(other)])
    assert run_module(package_repository, gone, check=True)["changed"]
    result = run_module(package_repository, gone)
    assert result["removed"] == result["absent"] == [str(etc / "x.sources"), str(etc / "keys" / "x.gpg")]
    assert result["files"] == []
    assert other.exists()
    assert not run_module(package_repository, gone)["changed"]
