"""The compiled doubles as files: versions, symbols, what modinfo reads."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from provision.errors import RunError, UsageError
from provision.lab.hardware import compile_module, compile_userspace, native
from tests.unit.lab.hardware.conftest import VERSION

pytestmark = pytest.mark.needs("gcc", "objdump", "nm")

NEWEST_GLIBC = (2, 36)
BINARIES = (
    f"libnvidia-ml.so.{VERSION}",
    f"libcuda.so.{VERSION}",
    "nvidia-smi",
    "nvidia-persistenced",
    "nv-fabricmanager",
    "nvidia-modprobe",
)


@pytest.mark.parametrize("name", BINARIES)
def test_runs_on_debian_12(name: str, programs: Path) -> None:
    listed = subprocess.run(
        ["objdump", "-T", str(programs / name)], capture_output=True, text=True, check=True
    ).stdout
    needed = {tuple(map(int, found)) for found in re.findall(r"GLIBC_(\d+)\.(\d+)", listed)}
    assert needed
    assert max(needed) <= NEWEST_GLIBC


def test_libraries_have_the_names_that_programs_ask_for(programs: Path) -> None:
    for name in ("libnvidia-ml", "libcuda"):
        headers = subprocess.run(
            ["objdump", "-p", str(programs / f"{name}.so.{VERSION}")],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert re.search(rf"SONAME\s+{name}\.so\.1$", headers, re.MULTILINE)


def test_every_version_says_its_own(tmp_path: Path) -> None:
    for version, cuda in (("535.261.03", "12.2"), ("595.71.05", "13.2")):
        compile_userspace(version, tmp_path / version)
        content = (tmp_path / version / f"libnvidia-ml.so.{version}").read_bytes()
        assert version.encode() in content
        told = subprocess.run(
            [str(tmp_path / version / "nv-fabricmanager"), "--version"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert told == f"Fabric Manager version is : {version}\n"
        major, minor = cuda.split(".")
        assert native.cuda_number(version) == int(major) * 1000 + int(minor) * 10


@pytest.mark.parametrize(("flavour", "licence"), [("open", "Dual MIT/GPL"), ("proprietary", "NVIDIA")])
def test_a_module_says_version_and_licence(flavour: str, licence: str, tmp_path: Path) -> None:
    compile_module("570.211.01", flavour, tmp_path)
    fields = modinfo(tmp_path / "nvidia.ko")

    assert fields["version"] == ["570.211.01"]
    assert fields["license"] == [licence]
    assert fields["name"] == ["nvidia"]
    assert "pci:v000010DEd*sv*sd*bc03sc02i00*" in fields["alias"]
    assert modinfo(tmp_path / "nvidia-drm.ko")["depends"] == ["nvidia-modeset"]


def modinfo(module: Path) -> dict[str, list[str]]:
    """Return the fields of a module's .modinfo section."""
    section = module.with_suffix(".modinfo")
    subprocess.run(
        ["objcopy", "-O", "binary", "--only-section=.modinfo", str(module), str(section)], check=True
    )
    fields: dict[str, list[str]] = {}
    for entry in section.read_bytes().decode().strip("\0").split("\0"):
        key, value = entry.split("=", 1)
        fields.setdefault(key, []).append(value)
    return fields


def test_an_unknown_flavour_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="`closed` is no module flavour"):
        compile_module("570.211.01", "closed", tmp_path)


def test_without_a_compiler_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RunError, match="`gcc` is not installed") as raised:
        compile_module("570.211.01", "open", tmp_path)
    assert raised.value.hint == "install a C compiler: apt-get install gcc libc6-dev"
