"""The double of dkms says that headers are missing, and leaves modules where the real one does."""

import os
import subprocess
from pathlib import Path

import pytest

from provision.lab import packages

_DKMS = Path(packages.__file__).parent / "doubles" / "dkms"
_KERNEL = os.uname().release
_MODULE = f"lib/modules/{_KERNEL}/updates/dkms/nvidia.ko"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return the root of a host with the sources of two versions, the first one added."""
    for version in ("580.95.05", "595.91.07"):
        source = tmp_path / "usr/src" / f"nvidia-{version}"
        (source / "prebuilt").mkdir(parents=True)
        (source / "dkms.conf").touch()
        (source / "prebuilt" / "nvidia.ko").write_text(version)
    _dkms(tmp_path, "add", "-m", "nvidia", "-v", "580.95.05")
    return tmp_path


def test_without_headers_nothing_is_built_and_said_so(root: Path) -> None:
    done = _dkms(root, "autoinstall", "--all")
    assert done.returncode == 21
    assert f"Your kernel headers for kernel {_KERNEL} cannot be found" in done.stderr
    assert "Module build for kernel" in done.stdout
    assert not (root / _MODULE).exists()
    assert _dkms(root, "status").stdout == "nvidia/580.95.05: added\n"


def test_headers_that_come_later_bring_the_module(root: Path) -> None:
    _headers(root, _KERNEL)
    assert _dkms(root, "autoinstall", "-k", _KERNEL).returncode == 0
    assert (root / _MODULE).read_text() == "580.95.05"
    assert _dkms(root, "status").stdout == f"nvidia/580.95.05, {_KERNEL}, {os.uname().machine}: installed\n"


def test_every_kernel_with_headers_gets_a_module(root: Path) -> None:
    _headers(root, _KERNEL)
    _headers(root, "9.9.9-next")
    assert _dkms(root, "autoinstall", "--all").returncode == 0
    assert (root / "lib/modules/9.9.9-next/updates/dkms/nvidia.ko").exists()


def test_a_module_that_was_deleted_comes_back(root: Path) -> None:
    _headers(root, _KERNEL)
    _dkms(root, "autoinstall")
    (root / _MODULE).unlink()
    assert ": built" in _dkms(root, "status").stdout
    _dkms(root, "autoinstall")
    assert (root / _MODULE).exists()


def test_removal_takes_its_own_module_away_and_no_other(root: Path) -> None:
    _headers(root, _KERNEL)
    _dkms(root, "autoinstall")
    _dkms(root, "add", "-m", "nvidia", "-v", "595.91.07")
    _dkms(root, "install", "nvidia/595.91.07")
    assert (root / _MODULE).read_text() == "595.91.07"
    assert _dkms(root, "remove", "-m", "nvidia", "-v", "580.95.05", "--all").returncode == 0
    assert (root / _MODULE).read_text() == "595.91.07"
    assert _dkms(root, "remove", "-m", "nvidia", "-v", "595.91.07", "--all").returncode == 0
    assert not (root / _MODULE).exists()
    assert _dkms(root, "status").stdout == ""


def test_unknown_sources_are_an_error(root: Path) -> None:
    assert _dkms(root, "add", "-m", "nvidia", "-v", "1.0").returncode == 2
    assert _dkms(root, "remove", "-m", "nvidia", "-v", "1.0", "--all").returncode == 3


def _headers(root: Path, kernel: str) -> None:
    directory = root / "usr/src" / f"linux-headers-{kernel}"
    directory.mkdir(parents=True)
    (directory / "Makefile").touch()


def _dkms(root: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["sh", str(_DKMS), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "DKMS_DOUBLE_ROOT": str(root)},
    )
