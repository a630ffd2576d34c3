"""nouveau_blacklist, on a folder in place of /etc and /boot."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ansible.module_utils import basic

from provision.plugins.modules import nouveau_blacklist

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.modules.conftest import Programs, RunModule


def _arguments(folder: Path) -> dict[str, object]:
    return {
        "path": str(folder / "nouveau.conf"),
        "rebuild": ["update-initramfs", "-u"],
        "images": [str(folder / "initrd.img-*")],
    }


def _with_tool(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    programs.answers = {("/sbin/update-initramfs",): (0, "", "")}
    monkeypatch.setattr(basic.AnsibleModule, "get_bin_path", lambda _self, name: "/sbin/" + name)


def test_writes_and_rebuilds_once(
    run_module: RunModule, programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _with_tool(programs, monkeypatch)
    image = tmp_path / "initrd.img-6.1"
    image.touch()
    assert run_module(nouveau_blacklist, _arguments(tmp_path))["rebuilt"]
    os.utime(image)
    assert not run_module(nouveau_blacklist, _arguments(tmp_path))["changed"]
    assert len(programs.calls) == 1


def test_makes_up_for_a_rebuild_that_was_cut_off(
    run_module: RunModule, programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _with_tool(programs, monkeypatch)
    run_module(nouveau_blacklist, _arguments(tmp_path))
    image = tmp_path / "initrd.img-6.1"
    image.touch()
    os.utime(image, (1, 1))
    result = run_module(nouveau_blacklist, _arguments(tmp_path))
    assert result["changed"]
    assert result["rebuilt"]


def test_a_host_without_initramfs_only_gets_the_file(run_module: RunModule, tmp_path: Path) -> None:
    result = run_module(nouveau_blacklist, _arguments(tmp_path))
    assert result["changed"]
    assert not result["rebuilt"]
    assert "blacklist nouveau" in (tmp_path / "nouveau.conf").read_text(encoding="utf-8")


def test_check_mode_writes_nothing(
    run_module: RunModule, programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _with_tool(programs, monkeypatch)
    (tmp_path / "initrd.img-6.1").touch()
    result = run_module(nouveau_blacklist, _arguments(tmp_path), check=True)
    assert result["rebuilt"]
    assert not (tmp_path / "nouveau.conf").exists()
    assert programs.calls == []
