"""nvidia_kernel_module, on a host that is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from ansible.module_utils.basic import AnsibleModule

from provision.plugins.module_utils.gpus.kernel_module import dkms_name
from provision.plugins.modules import nvidia_kernel_module

if TYPE_CHECKING:
    from tests.modules.conftest import Programs, RunModule

NEW = {"version": "580.95.05", "flavour": "open"}
OLD = {"version": "570.211.01", "flavour": "open"}


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Stand in for the survey of the host, and its loaded modules."""
    found: dict[str, Any] = {
        "kernel": "6.1",
        "next_kernel": "6.1",
        "modules": {"loaded": OLD, "installed": {"6.1": {**NEW, "signer": ""}}},
        "nouveau_loaded": False,
        "clients": [],
    }
    monkeypatch.setattr(nvidia_kernel_module, "survey", lambda _machine: found)
    monkeypatch.setattr(
        nvidia_kernel_module, "loaded_version", lambda _machine, name: "1" if name == "nvidia" else None
    )
    return found


def test_nothing_happens_when_the_module_is_loaded(
    run_module: RunModule, programs: Programs, host: dict[str, Any]
) -> None:
    host["modules"]["loaded"] = NEW
    result = run_module(nvidia_kernel_module, NEW)
    assert (result["changed"], result["action"], programs.calls) == (False, "none", [])


@pytest.mark.usefixtures("host")
def test_the_old_module_gives_way(run_module: RunModule, programs: Programs) -> None:
    programs.answers = {("systemctl",): (3, "", ""), ("rmmod",): (0, "", ""), ("modprobe",): (0, "", "")}
    result = run_module(nvidia_kernel_module, NEW)
    assert result["changed"]
    assert programs.ran("rmmod", "nvidia")
    assert result["diff"][0]["before"] == "570.211.01 open\n"


@pytest.mark.usefixtures("host")
def test_a_module_in_use_asks_for_a_reboot(run_module: RunModule, programs: Programs) -> None:
    programs.answers = {
        ("systemctl",): (3, "", ""),
        ("rmmod",): (1, "", "rmmod: ERROR: Module nvidia is in use\n"),
    }
    result = run_module(nvidia_kernel_module, NEW)
    assert not result["changed"]
    assert "Module nvidia is in use" in result["reboot_reason"]


def test_no_reboot_is_asked_for_into_a_kernel_without_the_module(
    run_module: RunModule, programs: Programs, host: dict[str, Any]
) -> None:
    host.update(clients=[{"kind": "container", "subject": "train"}], next_kernel="6.2")
    result = run_module(nvidia_kernel_module, NEW)
    assert result["failed"]
    assert "kernel 6.2 has no open nvidia module 580.95.05: it has none" in result["msg"]
    assert programs.calls == []


@pytest.mark.parametrize("check", [True, False])
def test_a_module_that_dkms_has_and_the_kernel_lacks_is_built(
    run_module: RunModule,
    programs: Programs,
    host: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    check: bool,
) -> None:
    host["modules"].update(loaded=NEW, installed={})
    monkeypatch.setattr(AnsibleModule, "get_bin_path", lambda *_, **__: "/usr/sbin/dkms")
    programs.answers = {("dkms", "status"): (0, "nvidia/580.95.05, 6.1, x86_64: built\n", "")}

    def build(argv: list[str]) -> bool:
        return argv[:2] == ["dkms", "install"]

    plain = programs.__call__

    def answer(_: object, argv: list[str], **__: object) -> tuple[int, str, str]:
        if build(argv):
            host["modules"]["installed"]["6.1"] = {**NEW, "signer": ""}
            programs.calls.append(argv)
            return 0, "", ""
        return plain(argv)

    monkeypatch.setattr(AnsibleModule, "run_command", answer)
    result = run_module(nvidia_kernel_module, NEW, check=check)
    assert result["changed"]
    assert result["diff"][0]["after_header"] == "module nvidia for kernel 6.1"
    assert any(map(build, programs.calls)) is not check


@pytest.mark.parametrize(
    ("status", "name"),
    [
        ("nvidia/580.95.05, 6.1.0-40-amd64, x86_64: installed\n", "nvidia"),
        ("nvidia-current/580.95.05: added\n", "nvidia-current"),
        ("zfs, 2.1, 6.1: installed\nnvidia, 580.95.05, 6.1, x86_64: installed\n", "nvidia"),
        ("nvidia/580.95.050, 6.1, x86_64: installed\n", None),
        ("", None),
    ],
)
def test_dkms_is_read_in_all_its_versions(status: str, name: str | None) -> None:
    assert dkms_name(status, "580.95.05") == name


def test_check_mode_takes_the_packages_for_installed(
    run_module: RunModule, programs: Programs, host: dict[str, Any]
) -> None:
    host["modules"].update(loaded=None, installed={})
    result = run_module(nvidia_kernel_module, NEW, check=True)
    assert (result["changed"], result["action"], programs.calls) == (True, "load", [])
