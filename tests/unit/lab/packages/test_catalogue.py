"""packages.yml names what NVIDIA's repositories hold."""

import pytest

from provision.lab.packages import catalogue

_KERNEL = "6.1.0-50-amd64"
_DRIVERS = ("570.211.01-1", "580.95.05-1", "580.178.04-1", "595.71.05-1", "595.91.07-1")


@pytest.fixture(scope="module")
def packages() -> dict[tuple[str, str], catalogue.Package]:
    """Return every package by name and version."""
    return {(package.name, package.revision): package for package in catalogue.read(_KERNEL).packages}


@pytest.mark.parametrize("revision", _DRIVERS)
def test_every_driver_version_is_complete(
    packages: dict[tuple[str, str], catalogue.Package], revision: str
) -> None:
    suffix = "-570" if revision.startswith("570") else ""
    names = {name for name, version in packages if version == revision}
    assert names == {
        "cuda-drivers", "firmware-nvidia-gsp", "libcuda1", "libnvidia-ml1", "nvidia-driver-cuda",
        "nvidia-kernel-dkms", "nvidia-kernel-open-dkms", "nvidia-kernel-support", "nvidia-modprobe",
        "nvidia-open", "nvidia-persistenced",
        f"libnvidia-nscq{suffix}", f"libnvsdm{suffix}", f"nvidia-fabricmanager{suffix}",
        f"nvidia-imex{suffix}",
    }  # fmt: skip


def test_the_driver_lets_libraries_and_module_drift(
    packages: dict[tuple[str, str], catalogue.Package],
) -> None:
    depends = packages["nvidia-driver-cuda", "580.95.05-1"].relations["depends"]
    assert depends
    assert all("(>= 580.95.05-1)" in dependency for dependency in depends)


@pytest.mark.parametrize("revision", ["1.17.8-1", "1.20.0-1", "1.20.1-1"])
def test_the_four_toolkit_packages_hang_together_exactly(
    packages: dict[tuple[str, str], catalogue.Package], revision: str
) -> None:
    toolkit = packages["nvidia-container-toolkit", revision]
    assert toolkit.relations["depends"] == [
        f"nvidia-container-toolkit-base (= {revision})",
        f"libnvidia-container-tools (= {revision})",
    ]
    tools = packages["libnvidia-container-tools", revision]
    assert tools.relations["depends"] == [f"libnvidia-container1 (= {revision})"]
    assert ("libnvidia-container1", revision) in packages


@pytest.mark.parametrize(("revision", "has"), [("1.17.8-1", False), ("1.20.0-1", True), ("1.13.5-1", False)])
def test_the_refresh_units_came_with_1_18(
    packages: dict[tuple[str, str], catalogue.Package], revision: str, has: bool
) -> None:
    paths = [item.path for item in packages["nvidia-container-toolkit-base", revision].items]
    assert any("nvidia-cdi-refresh" in path for path in paths) is has


def test_headers_are_for_the_kernel_asked_for(packages: dict[tuple[str, str], catalogue.Package]) -> None:
    assert (f"linux-headers-{_KERNEL}", "6.1.0-1") in packages


def test_the_engines_settings_are_a_conffile_of_the_old_wrapper(
    packages: dict[tuple[str, str], catalogue.Package],
) -> None:
    conffiles = [item.path for item in packages["nvidia-docker2", "2.13.0-1"].items if item.conffile]
    assert conffiles == ["etc/docker/daemon.json"]
