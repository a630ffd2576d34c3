"""The built tree serves the real apt, and a container engine's registry protocol."""

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import pytest

from provision.lab import packages
from provision.lab.packages import compiled
from tests.needs import needing

_KERNEL = "6.1.0-50-amd64"
_DRIVER = "nvidia-driver/debian13/x86_64"
_TOOLKIT = "nvidia-container-toolkit/deb/amd64"
_CLOSURE = (
    *("nvidia-driver-cuda", "nvidia-kernel-dkms", "nvidia-kernel-support", "nvidia-modprobe", "libcuda1"),
    *("libnvidia-ml1", "nvidia-persistenced", "firmware-nvidia-gsp", "nvidia-fabricmanager"),
)
# What a distribution brings: the packages under test depend on it.
_INSTALLED = [
    f"Package: {name}\nStatus: install ok installed\nVersion: {version}\nArchitecture: amd64\n"
    for name, version in (("kmod", "30-1"), ("libc6", "2.36-9"), ("libcap2", "1:2.66-4"))
]


def _userspace(version: str, destination: Path) -> None:
    programs = ("nvidia-smi", "nvidia-persistenced", "nvidia-modprobe", "nv-fabricmanager")
    for name in (f"libnvidia-ml.so.{version}", f"libcuda.so.{version}", *programs):
        (destination / name).write_text(version)


def _module(version: str, flavour: str, destination: Path) -> None:
    for name in ("nvidia.ko", "nvidia-uvm.ko"):
        (destination / name).write_text(f"{flavour} {version}")


@pytest.fixture(scope="module")
@needing("gpg", "dpkg-deb")
def lab() -> Iterator[Path]:
    """Return a state directory with a built tree. The compiler's part is played by text files."""
    patch = pytest.MonkeyPatch()
    patch.setattr(compiled, "hardware", SimpleNamespace(compile_userspace=_userspace, compile_module=_module))
    # gpg-agent's socket needs a short path.
    with TemporaryDirectory(prefix="lab") as directory:
        packages.build(Path(directory, "www"), Path(directory, "gnupg"), _KERNEL)
        yield Path(directory)
    patch.undo()


@pytest.fixture(scope="module")
@needing("apt-get")
def apt(lab: Path) -> list[str]:
    """Return an apt-get that knows the built repositories alone and changes nothing of this machine."""
    root = lab / "apt"
    for name in ("lists/partial", "cache/archives/partial", "sources.list.d", "preferences.d", "apt.conf.d"):
        (root / name).mkdir(parents=True)
    (root / "status").write_text("\n".join(_INSTALLED))
    key = lab / "repo-key.asc"
    for number, directory in enumerate((_DRIVER, _TOOLKIT, "site-kernel")):
        (root / "sources.list.d" / f"{number}.sources").write_text(
            f"Types: deb\nURIs: file://{lab}/www/{directory}/\nSuites: ./\nSigned-By: {key}\n"
        )
    settings = {
        "Dir::Etc": root,
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::State": root,
        "Dir::Cache": root / "cache",
        "Dir::State::status": root / "status",
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "APT::Architecture": "amd64",
    }
    command = ["apt-get", *(f"-o{name}={value}" for name, value in settings.items())]
    updated = subprocess.run([*command, "update"], capture_output=True, text=True, check=True)
    assert "W:" not in updated.stderr + updated.stdout
    return command


def _install(apt: list[str], *names: str) -> "subprocess.CompletedProcess[str]":
    command = [*apt, "-s", "--no-install-recommends", "install", *names]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _simulated(apt: list[str], *names: str) -> dict[str, str]:
    done = _install(apt, *names)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line.split() for line in done.stdout.splitlines() if line.startswith("Inst ")]
    return {words[1]: words[2].strip("(") for words in lines}


def test_naming_the_top_packages_alone_mixes_versions(apt: list[str]) -> None:
    named = ("nvidia-driver-cuda", "nvidia-kernel-open-dkms", "firmware-nvidia-gsp")
    plan = _simulated(apt, *(f"{name}=580.95.05-1" for name in named))
    assert plan["nvidia-driver-cuda"] == "580.95.05-1"
    assert plan["libnvidia-ml1"] == "595.91.07-1"


def test_naming_every_package_keeps_one_version(apt: list[str]) -> None:
    plan = _simulated(apt, *(f"{name}=580.178.04-1" for name in _CLOSURE))
    assert {version for name, version in plan.items() if name != "dkms"} == {"580.178.04-1"}


def test_both_flavours_at_once_are_impossible(apt: list[str]) -> None:
    done = _install(apt, "nvidia-kernel-dkms", "nvidia-kernel-open-dkms")
    assert done.returncode == 100


def test_a_toolkit_package_alone_at_an_older_version_is_impossible(apt: list[str]) -> None:
    done = _install(apt, "nvidia-container-toolkit=1.17.8-1")
    assert done.returncode == 100
    assert "nvidia-container-toolkit-base (= 1.17.8-1)" in done.stdout


def test_a_file_that_was_changed_is_refused(lab: Path, apt: list[str]) -> None:
    forged = lab / "forged"
    shutil.copytree(lab / "www" / "site-kernel", forged)
    release = forged / "InRelease"
    release.write_text(release.read_text().replace("Origin: Site", "Origin: Evil"))
    source = lab / "forged.list"
    source.write_text(f"deb [signed-by={lab}/repo-key.asc] file://{forged}/ ./\n")
    done = subprocess.run(
        [*apt, f"-oDir::Etc::sourcelist={source}", "-oDir::Etc::sourceparts=/dev/null", "update"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    # gpgv and, from apt 3 on, sqv each have words of their own.
    assert any(words in done.stderr for words in ("BADSIG", "invalid", "manipulated")), done.stderr


def test_packages_are_what_dpkg_takes_them_for(lab: Path, tmp_path: Path) -> None:
    package = lab / "www" / _DRIVER / "nvidia-fabricmanager-570_570.211.01-1_amd64.deb"
    described = subprocess.run(
        ["dpkg-deb", "--info", package], capture_output=True, text=True, check=True
    ).stdout
    assert "Provides: nvidia-fabricmanager" in described
    subprocess.run(["dpkg-deb", "--raw-extract", package, tmp_path / "x"], check=True)
    assert (tmp_path / "x/DEBIAN/conffiles").read_text() == "/usr/share/nvidia/nvswitch/fabricmanager.cfg\n"
    assert os.access(tmp_path / "x/usr/bin/nv-fabricmanager", os.X_OK)
    for script in ("postinst", "prerm", "postrm"):
        subprocess.run(["sh", "-n", tmp_path / "x/DEBIAN" / script], check=True)
        assert "@" not in (tmp_path / "x/DEBIAN" / script).read_text().replace('"$@"', "")


@pytest.mark.parametrize(
    ("package", "flavour"), [("nvidia-kernel-dkms", "proprietary"), ("nvidia-kernel-open-dkms", "open")]
)
def test_each_flavour_ships_its_modules(lab: Path, tmp_path: Path, package: str, flavour: str) -> None:
    file = lab / "www" / _DRIVER / f"{package}_580.95.05-1_amd64.deb"
    subprocess.run(["dpkg-deb", "--extract", file, tmp_path], check=True)
    modules = tmp_path / "usr/src/nvidia-580.95.05/prebuilt"
    assert {path.name for path in modules.iterdir()} == {"nvidia.ko", "nvidia-uvm.ko"}
    assert (modules / "nvidia.ko").read_text() == f"{flavour} 580.95.05"


def test_nothing_happens_when_nothing_changed(lab: Path) -> None:
    before = {path: path.lstat().st_mtime_ns for path in (lab / "www").rglob("*")}
    assert before
    packages.build(lab / "www", lab / "gnupg", _KERNEL)
    assert {path: path.lstat().st_mtime_ns for path in (lab / "www").rglob("*")} == before


def test_another_kernel_is_another_build_with_the_same_key(lab: Path, tmp_path: Path) -> None:
    www = tmp_path / "www"
    shutil.copytree(lab / "www", www, symlinks=True)
    shutil.copy(lab / "repo-key.asc", tmp_path)
    packages.build(www, lab / "gnupg", "6.1.0-51-amd64")
    assert (www / "site-kernel/linux-headers-6.1.0-51-amd64_6.1.0-1_amd64.deb").is_file()
    assert len(list((www / ".builds").iterdir())) == 1
    assert (tmp_path / "repo-key.asc").read_bytes() == (lab / "repo-key.asc").read_bytes()


def test_the_registry_holds_what_the_manifest_says(lab: Path) -> None:
    root = lab / "www/v2/cuda"
    manifest = (root / "manifests/base").read_bytes()
    assert (root / f"manifests/sha256:{hashlib.sha256(manifest).hexdigest()}").read_bytes() == manifest
    document = json.loads(manifest)
    for descriptor in (document["config"], *document["layers"]):
        blob = (root / "blobs" / descriptor["digest"]).read_bytes()
        assert (len(blob), f"sha256:{hashlib.sha256(blob).hexdigest()}") == (
            descriptor["size"],
            descriptor["digest"],
        )
    config = json.loads((root / "blobs" / document["config"]["digest"]).read_bytes())
    assert "NVIDIA_VISIBLE_DEVICES=all" in config["config"]["Env"]
    layer = (root / "blobs" / document["layers"][0]["digest"]).read_bytes()
    with tarfile.open(fileobj=BytesIO(layer)) as archive:
        names = set(archive.getnames())
    assert {"usr/bin/sh", "usr/bin/grep", "usr/lib/x86_64-linux-gnu/libc.so.6", "bin"} <= names
