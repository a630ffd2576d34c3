"""Which driver a host gets, by the role's own data."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from provision.plugins.module_utils.gpus import boards
from provision.plugins.module_utils.gpus.driver_selection import (
    Offer,
    Selection,
    SelectionRefusedError,
    Wish,
    candidates,
    parse_wish,
    refuse_secure_boot,
    refuse_workloads,
    replaces_module,
    row_for,
    select,
)
from provision.plugins.module_utils.packages.versions import compare_debian

VARS = Path(__file__).parents[5] / "roles" / "nvidia_driver" / "vars"
BRANCHES = [550, 570, 580, 590, 595]
KERNEL = "6.1.0-50-amd64"
H100, A100, V100, B200, GB200, UNKNOWN = (
    "10de:2330",
    "10de:20b0",
    "10de:1db6",
    "10de:2901",
    "10de:2941",
    "10de:9999",
)


def _catalogue(platform: str) -> list[dict[str, Any]]:
    data = yaml.safe_load((VARS / f"{platform}.yml").read_text(encoding="utf-8"))
    rows: list[dict[str, Any]] = data["__nvidia_driver_catalogue"]
    return rows


def _host(*ids: str, **changes: object) -> dict[str, Any]:
    found = [boards.gpu(each) for each in ids]
    gpus = [
        {
            "pci": f"0000:0{n}:00.0",
            "id": gpu.id,
            "name": gpu.name,
            "architecture": gpu.architecture,
            "modules": gpu.modules,
        }
        for n, gpu in enumerate(found)
        if gpu
    ]
    return {
        "gpus": gpus,
        "nvswitches": [],
        "nvlink5": False,
        "rack_scale": False,
        "kernel": KERNEL,
        "modules": {"needed": boards.modules_of(ids), "loaded": None, "installed": {}},
        "secure_boot": {"enabled": False, "key_enrolled": False},
        "clients": [],
        **changes,
    }


def _offer(platform: str, releases: Sequence[str], installed: Mapping[str, str] | None = None) -> Offer:
    """Offer every package of the catalogue in every release whose branch it is for."""
    versions: dict[str, list[str]] = {f"linux-headers-{KERNEL}": ["6.1-1"], "nvlsm": ["2025.10-1"]}
    versions["linux-headers-amd64"] = ["6.1-1"]
    for release in releases:
        rows = [row for row in _catalogue(platform) if row["source"] == "nvidia"]
        for name in candidates(rows, "nvidia", [int(release.split(".")[0])]):
            versions.setdefault(name, []).append(f"{release}-1")
    return Offer(versions, installed or {}, compare_debian)


RELEASES = ["595.91.07", "595.71.05", "580.178.04", "580.95.05", "570.211.01"]


def _select(
    host: dict[str, Any],
    version: str = "580",
    platform: str = "Debian",
    offer: Offer | None = None,
    **wish: object,
) -> Selection:
    offer = offer or _offer(platform, RELEASES)
    return select(_catalogue(platform), parse_wish(version, **wish), host, BRANCHES, offer)


def test_a_branch_means_its_newest_release() -> None:
    assert _select(_host(A100)).version == "580.178.04"


def test_an_exact_version_is_taken_as_it_is() -> None:
    chosen = _select(_host(A100), "580.95.05")
    assert chosen.exact["nvidia-driver-cuda"] == "580.95.05-1"


def test_an_installed_release_of_the_branch_stays() -> None:
    offer = _offer("Debian", RELEASES, {"nvidia-driver-cuda": "580.95.05-1"})
    assert _select(_host(A100), offer=offer).version == "580.95.05"
    assert _select(_host(A100), "595", offer=offer).version == "595.91.07"


@pytest.mark.parametrize(
    ("gpu", "version", "flavour"),
    [
        (H100, "580", "open"),
        (A100, "580", "open"),
        (A100, "550", "proprietary"),
        (V100, "580", "proprietary"),
    ],
)
def test_the_flavour_follows_the_gpus(gpu: str, version: str, flavour: str) -> None:
    offer = _offer("Debian", [*RELEASES, "550.163.01"])
    assert _select(_host(gpu), version, offer=offer).flavour == flavour


@pytest.mark.parametrize(
    ("gpus", "version", "wish", "message", "hint"),
    [
        ([V100], "595", {}, "does not support V100 PCIe 32GB at 0000:00:00.0 (last branch: 580)", '"580"'),
        ([B200], "550", {}, "does not support B200", '"580"'),
        ([V100], "580", {"flavour": "open"}, "`nvidia_driver_flavour: open` does not drive V100", "auto"),
        ([B200], "580", {"flavour": "proprietary"}, "proprietary` does not drive B200", "open modules"),
        ([V100, B200], "580", {}, "no kernel module drives all GPUs", "take one kind out"),
        ([UNKNOWN], "580", {}, "GPU 10de:9999 at 0000:00:00.0 is not known", "nvidia_driver_flavour"),
        ([], "580", {}, "no NVIDIA GPU", "leave this host out"),
        (
            [A100],
            "590",
            {},
            "there is no driver 590 in NVIDIA's repository",
            "595.91.07, 595.71.05, 580.178.04",
        ),
        ([A100], "580.1.1", {}, "there is no driver 580.1.1", "versions that exist: 595.91.07"),
        ([A100], "latest", {}, "`nvidia_driver_version: latest` is neither", "in quotes"),
        (
            [A100],
            "580",
            {"source": "distro"},
            "no driver 580 in the distribution's archive",
            "contrib and non-free",
        ),
    ],
)
def test_what_does_not_fit_is_refused(
    gpus: list[str], version: str, wish: dict[str, Any], message: str, hint: str
) -> None:
    with pytest.raises(SelectionRefusedError) as refusal:
        _select(_host(*gpus), version, **wish)
    assert message in str(refusal.value)
    assert hint in refusal.value.hint


def test_nvswitches_bring_fabric_manager_at_the_drivers_version() -> None:
    chosen = _select(_host(H100, nvswitches=["0000:80:00.0"]))
    assert chosen.exact["nvidia-fabricmanager"] == chosen.exact["libnvidia-nscq"] == "580.178.04-1"
    assert "nvidia-fabricmanager.service" in chosen.units
    assert "nvlsm" not in chosen.loose


def test_fabric_manager_has_the_branch_in_its_name_before_580() -> None:
    chosen = _select(_host(H100, nvswitches=["0000:80:00.0"]), "570")
    assert chosen.exact["nvidia-fabricmanager-570"] == "570.211.01-1"


def test_without_nvswitches_there_is_no_fabric_manager_unless_it_is_asked_for() -> None:
    assert "nvidia-fabricmanager" not in _select(_host(A100)).exact
    assert "nvidia-fabricmanager" in _select(_host(A100), fabric_manager="true").exact


def test_nvlink5_brings_its_subnet_manager_and_library() -> None:
    chosen = _select(_host(B200, nvlink5=True))
    assert chosen.exact["libnvsdm"] == "580.178.04-1"
    assert "nvlsm" in chosen.loose
    assert "nvlsm" in chosen.held


def test_a_rack_tray_runs_imex() -> None:
    chosen = _select(_host(GB200, rack_scale=True))
    assert chosen.exact["nvidia-imex"] == "580.178.04-1"
    assert "nvidia-imex.service" in chosen.units


def test_headers_are_for_the_running_kernel_and_for_the_next() -> None:
    offer = _offer("Debian", RELEASES, {"linux-image-amd64": "6.1-1", "linux-image-6.1.0-50-amd64": "6.1-1"})
    chosen = _select(_host(A100), offer=offer)
    assert chosen.loose == {"linux-headers-6.1.0-50-amd64": None, "linux-headers-amd64": None}
    assert not set(chosen.loose) & set(chosen.held)


def test_a_kernel_of_the_sites_own_needs_no_metapackage() -> None:
    assert _select(_host(A100)).loose == {f"linux-headers-{KERNEL}": None}


def test_missing_headers_are_refused() -> None:
    with pytest.raises(SelectionRefusedError, match=r"no repository has linux-headers-9\.9"):
        _select(_host(A100, kernel="9.9"))


def test_the_other_flavour_leaves() -> None:
    offer = _offer(
        "Debian", RELEASES, {"nvidia-kernel-open-dkms": "580.95.05-1", "nvidia-driver-cuda": "580.95.05-1"}
    )
    assert _select(_host(V100), offer=offer).absent == ["nvidia-kernel-open-dkms"]


def test_what_the_family_brought_stays_on_the_next_run() -> None:
    installed = {
        "nvidia-driver-cuda": "580.178.04-1",
        "libcuda1": "580.178.04-1",
        "nvidia-fabricmanager": "580.95.05-1",
    }
    offer = _offer("Debian", RELEASES, installed)
    chosen = _select(_host(A100), offer=offer)
    assert chosen.absent == []
    assert chosen.exact["nvidia-fabricmanager"] == "580.178.04-1"


def test_other_packages_of_the_driver_move_along() -> None:
    installed = {
        "nvidia-driver-cuda": "580.95.05-1",
        "nvidia-settings": "580.95.05-1",
        "unrelated": "580.95.05-1",
    }
    offer = _offer("Debian", RELEASES, installed)
    offer.versions["nvidia-settings"] = ["595.91.07-1", "580.95.05-1"]  # type: ignore[index]
    chosen = _select(_host(A100), "595", offer=offer)
    assert chosen.exact["nvidia-settings"] == "595.91.07-1"
    assert "unrelated" not in chosen.exact


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("570", {"libnvidia-compute-570", "nvidia-dkms-570-open", "nvidia-utils-570"}),
        ("580", {"libnvidia-compute-580", "nvidia-dkms-580-open", "nvidia-utils-580"}),
        ("595", {"libnvidia-compute", "nvidia-dkms-open"}),
    ],
)
def test_ubuntu_names_hold_the_branch_until_590(version: str, expected: set[str]) -> None:
    chosen = _select(_host(H100), version, "Ubuntu")
    assert expected <= set(chosen.exact)


def test_another_branchs_packages_leave_where_names_hold_the_branch() -> None:
    offer = _offer(
        "Ubuntu", RELEASES, {"libnvidia-compute-570": "570.211.01-1", "nvidia-dkms-570-open": "570.211.01-1"}
    )
    assert _select(_host(H100), "580", "Ubuntu", offer=offer).absent == [
        "libnvidia-compute-570",
        "nvidia-dkms-570-open",
    ]


def test_red_hats_headers_carry_the_kernels_version() -> None:
    host = _host(H100, kernel="5.14.0-503.el9.x86_64")
    offer = _offer("RedHat", RELEASES)
    offer.versions.update(  # type: ignore[attr-defined]
        {
            "kernel-devel": ["5.14.0-503.el9"],
            "kernel-headers": ["1"],
            "dkms": ["3-1"],
            "python3-dnf-plugin-versionlock": ["4-1"],
        }
    )
    chosen = _select(host, "580", "RedHat", offer=offer)
    assert chosen.loose["kernel-devel"] == "5.14.0-503.el9"
    assert chosen.exact["kmod-nvidia-open-dkms"] == "580.178.04-1"
    assert "dkms" not in chosen.held


def test_secure_boot_without_a_key_is_refused_for_modules_built_here() -> None:
    on = _host(A100, secure_boot={"enabled": True, "key_enrolled": False})
    enrolled = _host(A100, secure_boot={"enabled": True, "key_enrolled": True})
    wish, distro = Wish("580"), Wish("580", source="distro")
    with pytest.raises(SelectionRefusedError, match="Secure Boot is on"):
        refuse_secure_boot(row_for(_catalogue("Debian"), "nvidia", 580), wish, on)
    refuse_secure_boot(row_for(_catalogue("Debian"), "nvidia", 580), wish, enrolled)
    refuse_secure_boot(row_for(_catalogue("Ubuntu"), "distro", 580), distro, on)


LOADED = {"version": "570.211.01", "flavour": "open"}


def test_a_workload_is_not_taken_its_module_without_consent() -> None:
    host = _host(A100, clients=[{"kind": "container", "subject": "train"}])
    host["modules"]["loaded"] = LOADED
    chosen = _select(host)
    with pytest.raises(SelectionRefusedError, match=r"would replace 570\.211\.01 under container train"):
        refuse_workloads(chosen, Wish("580"), host)
    refuse_workloads(chosen, Wish("580", allow_reboot=True), host)


def test_a_workload_stays_when_the_module_stays() -> None:
    host = _host(A100, clients=[{"kind": "process", "subject": "python (pid 1)"}])
    host["modules"]["loaded"] = {"version": "580.178.04", "flavour": "open"}
    chosen = _select(host)
    assert not replaces_module(chosen, host)
    refuse_workloads(chosen, Wish("580"), host)
