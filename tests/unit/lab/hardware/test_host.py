"""The host's side: which modules the simulated kernel takes, and what makes it let go of them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from provision.lab.hardware import Hardware
from provision.lab.hardware.description import describe
from tests.unit.lab.hardware.conftest import HOST

Files = dict[str, tuple[str, str]]
"""Installed module files: name → (version, licence)."""

OPEN = "Dual MIT/GPL"
CLOSED = "NVIDIA"


class Kernel:
    """The host's modules on a directory of their own, with nothing mounted and no device file made."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.syspath_prepend(str(HOST))
        self.folder = folder
        self.layout = self._import("layout")
        for name in ("RUN", "STATE", "TREE", "KERNEL_LOG"):
            monkeypatch.setattr(self.layout, name, folder / name.lower())
        for name in ("FAULTS", "GENERATIONS", "INFOROM"):
            monkeypatch.setattr(self.layout, name, folder / name.lower())
        monkeypatch.setattr(self.layout, "PERSISTENT", folder)
        self.state: Any = self._import("state")
        self.description: Any = self._import("description")
        self.records: Any = self._import("records")
        self.module_files: Any = self._import("module_files")
        self.driver_tree: Any = self._import("driver_tree")
        self.kernel: Any = self._import("kernel")
        for function in ("appear", "vanish"):
            monkeypatch.setattr(self.driver_tree, function, lambda *_: None)
        # Servers of a running lab on this machine hold device files with the same numbers.
        monkeypatch.setattr(self.kernel.clients, "holders", lambda _: [])
        self.monkeypatch = monkeypatch
        self.described: dict[str, Any] = {}
        self.found: Any = None

    @staticmethod
    def _import(name: str) -> ModuleType:
        return importlib.import_module(name)

    def boot(self, hardware: dict[str, object], files: Files, *faults: str) -> None:
        """Power on with these module files installed."""
        self.described = describe(Hardware.from_mapping({"identity": "test", **hardware}))
        self.monkeypatch.setattr(self.description, "read", lambda: self.described)

        def find(name: str) -> object:
            if name not in files:
                return None
            version, licence = files[name]
            return self.module_files.ModuleFile(self.folder / f"{name}.ko", version, licence)

        for name in files:
            (self.folder / f"{name}.ko").write_bytes(b"")
        self.monkeypatch.setattr(self.module_files, "find", find)
        self.found = self.state.State([])
        self.records.power_on(self.found, self.described)
        for fault in faults:
            self.found.add("fault", name=fault)

    def load(self, name: str = "nvidia") -> None:
        self.kernel.load_with_companions(self.found, name)

    def unload(self, *names: str) -> None:
        for name in names:
            self.kernel.unload(self.found, name)

    def loaded(self) -> list[str]:
        return [module["name"] for module in self.found.of("module")]

    def log(self) -> str:
        path = self.layout.KERNEL_LOG
        return path.read_text() if path.exists() else ""


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kernel]:
    """A simulated kernel; the names of its modules are plain words, so they are forgotten afterwards."""
    before = set(sys.modules)
    yield Kernel(tmp_path, monkeypatch)
    for name in set(sys.modules) - before:
        if (HOST / f"{name}.py").exists():
            del sys.modules[name]


ALL = dict.fromkeys(("nvidia", "nvidia_modeset", "nvidia_drm", "nvidia_uvm"), ("580.95.05", OPEN))


def test_loads_with_what_udev_loads_after_it(kernel: Kernel) -> None:
    kernel.boot({"gpus": {"h100-sxm5-80gb": 1}}, ALL)
    kernel.load()
    assert kernel.loaded() == ["nvidia", "nvidia_modeset", "nvidia_drm", "nvidia_uvm"]
    assert kernel.found.module("nvidia")["version"] == "580.95.05"


@pytest.mark.parametrize(
    ("model", "version", "licence", "words"),
    [
        ("v100-pcie-32gb", "580.95.05", OPEN, "because it does not include the required GPU"),
        ("b200-180gb", "580.95.05", CLOSED, "requires use of the NVIDIA open kernel modules"),
        ("v100-pcie-32gb", "595.71.05", CLOSED, "through the NVIDIA 580.xx Legacy drivers."),
        ("b200-180gb", "550.163.01", OPEN, "is not supported by the NVIDIA 550.163.01 driver release"),
    ],
)
def test_refuses_a_module_that_is_not_made_for_the_gpu(
    model: str, version: str, licence: str, words: str, kernel: Kernel
) -> None:
    kernel.boot({"gpus": {model: 1}}, {"nvidia": (version, licence)})
    with pytest.raises(kernel.kernel.Refused, match="No such device"):
        kernel.load()
    assert words in kernel.log()
    assert kernel.loaded() == []


@pytest.mark.parametrize(
    ("model", "version", "licence"),
    [
        ("v100-pcie-32gb", "580.95.05", CLOSED),
        ("a100-sxm4-40gb", "535.261.03", CLOSED),
        ("a100-sxm4-40gb", "595.71.05", OPEN),
        ("gb200-186gb", "615.71.09", OPEN),
    ],
)
def test_takes_a_module_that_is(model: str, version: str, licence: str, kernel: Kernel) -> None:
    kernel.boot({"gpus": {model: 1}}, {"nvidia": (version, licence)})
    kernel.load()
    assert kernel.loaded() == ["nvidia"]


@pytest.mark.parametrize(
    ("faults", "answer"),
    [(("secure_boot",), "Key was rejected by service"), (("module_rejected",), "Exec format error")],
)
def test_the_kernel_rejects_files(faults: tuple[str, ...], answer: str, kernel: Kernel) -> None:
    kernel.boot({"gpus": {"a30-24gb": 1}}, ALL, *faults)
    with pytest.raises(kernel.kernel.Refused, match=answer):
        kernel.load()


def test_a_signed_module_passes_secure_boot(kernel: Kernel) -> None:
    kernel.boot({"gpus": {"a30-24gb": 1}}, {"nvidia": ("580.95.05", OPEN)}, "secure_boot")
    (kernel.folder / "nvidia.ko").write_bytes(b"\x7fELF~Module signature appended~\n")
    kernel.load()
    assert kernel.loaded() == ["nvidia"]


def test_nouveau_keeps_the_gpu(kernel: Kernel) -> None:
    kernel.boot({"gpus": {"v100-pcie-32gb": 1}}, {"nvidia": ("580.95.05", CLOSED)})
    kernel.load("nouveau")
    with pytest.raises(kernel.kernel.Refused):
        kernel.load()
    assert "already bound to nouveau" in kernel.log()
    kernel.unload("nouveau")
    kernel.load()
    assert kernel.loaded() == ["nvidia"]


def test_without_a_gpu_or_a_file_nothing_loads(kernel: Kernel) -> None:
    kernel.boot({}, ALL)
    with pytest.raises(kernel.kernel.Refused):
        kernel.load()
    kernel.boot({"gpus": {"a30-24gb": 1}}, {})
    with pytest.raises(kernel.kernel.NotFound):
        kernel.load()


def test_unloads_in_the_right_order_only(kernel: Kernel) -> None:
    kernel.boot({"gpus": {"a100-sxm4-40gb": 1}}, ALL)
    kernel.load()
    with pytest.raises(kernel.kernel.InUse) as raised:
        kernel.unload("nvidia")
    assert raised.value.holders == ["nvidia_modeset", "nvidia_uvm"]
    kernel.unload("nvidia_drm", "nvidia_modeset", "nvidia_uvm", "nvidia")
    assert kernel.loaded() == []


def test_a_client_holds_what_it_uses(kernel: Kernel) -> None:
    kernel.boot({"gpus": {"a100-sxm4-40gb": 1}}, ALL)
    kernel.load()
    clients = SimpleNamespace(pids=[4711])
    kernel.monkeypatch.setattr(
        kernel.kernel.clients,
        "holders",
        lambda majors: clients.pids if kernel.kernel.clients.FRONTEND_MAJOR in majors else [],
    )
    kernel.unload("nvidia_drm", "nvidia_modeset", "nvidia_uvm")
    with pytest.raises(kernel.kernel.InUse):
        kernel.unload("nvidia")
    clients.pids = []
    kernel.unload("nvidia")


def test_unloading_ends_what_lives_in_the_driver(kernel: Kernel) -> None:
    kernel.boot({"gpus": {"a100-sxm4-40gb": 1, "h100-sxm5-80gb": 1}, "nvswitches": 1}, ALL)
    kernel.load()
    for gpu in kernel.found.of("gpu"):
        gpu.update(mig="1", pending="1", persistence="1")
        kernel.found.add("gi", gpu=gpu["index"], id=1, profile=9, start=4, born=1)
    kernel.found.of("gpu")[1]["fabric"] = "completed"
    kernel.unload("nvidia_drm", "nvidia_modeset", "nvidia_uvm", "nvidia")

    ampere, hopper = kernel.found.of("gpu")
    assert (ampere["mig"], hopper["mig"]) == ("1", "0")
    assert ampere["persistence"] == hopper["persistence"] == "0"
    assert kernel.found.of("gi") == []


def test_replaced_parts_have_another_identity_and_others_keep_theirs(kernel: Kernel) -> None:
    described = describe(Hardware.from_mapping({"gpus": {"a30-24gb": 2}, "identity": "test"}))
    addresses = [device["pci"] for device in described["devices"]]
    before = [kernel.description.identity(described, address) for address in addresses]
    kernel.description.replace_part(addresses[1])
    after = [kernel.description.identity(described, address) for address in addresses]
    assert before[0] == after[0]
    assert before[1] != after[1]


def test_blacklists_and_stale_initramfs(kernel: Kernel, tmp_path: Path) -> None:
    folder = tmp_path / "modprobe.d"
    folder.mkdir()
    kernel.monkeypatch.setattr(kernel.module_files, "_BLACKLISTS", (str(folder),))
    assert kernel.module_files.blacklist("nouveau") is None
    (folder / "off.conf").write_text("# blacklist other\nblacklist nouveau\noptions nouveau modeset=0\n")
    assert kernel.module_files.blacklist("nouveau") == folder / "off.conf"
    assert kernel.module_files.blacklist("other") is None
