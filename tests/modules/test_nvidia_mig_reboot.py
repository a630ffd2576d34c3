"""nvidia_mig_layout where there is no driver yet, and where GPUs cannot be reset."""

import re
from pathlib import Path
from typing import Any

import pytest

from provision.plugins.module_utils.gpus.nvml import Nvml
from provision.plugins.module_utils.host.machine import Machine
from provision.plugins.module_utils.mig import boot as mig_boot
from provision.plugins.module_utils.mig.gpu import User
from provision.plugins.module_utils.mig.record import load
from provision.plugins.modules import nvidia_mig_layout
from tests.modules.mig_bench import MIXED, Bench, bench, gpu_uuid, no_driver, on_the_bus
from tests.unit.lab.hardware.conftest import VERSION, hold, holder, nvml, programs, server

__all__ = ["bench", "holder", "nvml", "programs", "server"]

BARE = [
    ("20b0", "all-7g.80gb", {}, "profile `7g.80gb` does not exist on GPU 0000:07:00.0, which has 1g.5gb"),
    ("20b0", [{**MIXED[0], "mig-devices": {"3g.20gb": 2, "1g.5gb": 1}}], {}, "do not fit on this GPU"),
    ("20b0", [{**MIXED[0], "devices": [2]}], {}, "names GPU 2, there are 2"),
    ("20b0", MIXED, {"allow_reset": False}, "switching MIG mode on resets GPU 0000:07:00.0"),
    ("1db6", "all-balanced", {}, "no GPU of this host is capable of MIG"),
    ("26b9", MIXED, {}, "GPU 0000:07:00.0 is not capable of MIG"),
    ("2235", MIXED, {}, "GPU 0000:07:00.0 is not capable of MIG"),
    ("2335", "all-1g.10gb", {}, "profile `1g.10gb` does not exist .* which has 1g.18gb"),
]


@pytest.mark.parametrize("case", BARE, ids=lambda case: f"{case[0]} {case[3]}")
def test_refuses_what_cannot_work_before_there_is_a_driver(
    bench: Bench,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    case: tuple[str, object, dict[str, Any], str],
) -> None:
    device, layout, options, message = case
    on_the_bus(tmp_path, device)
    monkeypatch.setattr(nvidia_mig_layout, "Nvml", no_driver)
    result = bench.run(layout, check=True, **options)
    assert result.get("failed"), result
    assert result["refused"]
    assert re.search(message, result["msg"]), result["msg"]


@pytest.mark.parametrize("device", ["3001", "2941"])
def test_of_a_model_that_is_too_new_or_comes_in_kinds_it_is_said_that_nothing_is_known(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: str
) -> None:
    on_the_bus(tmp_path, device)
    monkeypatch.setattr(nvidia_mig_layout, "Nvml", no_driver)
    result = bench.run("all-balanced", check=True)
    assert not result.get("failed")
    assert "the profiles of 0000:07:00.0, 0000:0f:00.0 are not known" in str(bench.warnings)


def test_no_reset_is_needed_where_the_mode_was_on_before_the_driver_went(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.run(MIXED)
    on_the_bus(tmp_path, "20b0")
    monkeypatch.setattr(nvidia_mig_layout, "Nvml", no_driver)
    assert not bench.run(MIXED, check=True, consent=False).get("failed")


@pytest.mark.needs("root")  # nvidia-smi resets a GPU for root alone
def test_where_the_mode_waits_for_a_reset_it_is_done(bench: Bench) -> None:
    bench.server.power_on("mig_reset_by_hand")
    assert bench.run(MIXED)["changed"]
    assert f"nvidia-smi --gpu-reset -i {gpu_uuid(bench)}" in bench.calls
    assert len(bench.uuids()) == 4
    assert bench.run("all-disabled")["changed"]
    assert [gpu["mig"] for gpu in bench.server.records("gpu")] == ["0", "0"]


@pytest.mark.needs("root")  # nvidia-smi resets a GPU for root alone
def test_pending_is_a_refusal_and_leaves_no_record(bench: Bench) -> None:
    bench.server.power_on("mig_reset_blocked")
    before = bench.state()
    result = bench.run(MIXED)
    assert "MIG mode is only pending, not enabled: the GPU cannot be reset here" in result["msg"]
    assert "Resetting GPU 00000000:07:00.0 is not supported." in result["msg"]
    assert result["msg"].endswith("it was put back as it was")
    assert "set `nvidia_mig_allow_reboot: true`" in result["hint"]
    assert bench.state() == before


@pytest.mark.parametrize("foreseen", [True, False])
def test_where_the_gpu_cannot_be_reset_a_reboot_brings_the_layout(
    bench: Bench, tmp_path: Path, programs: Path, foreseen: bool
) -> None:
    bench.server.power_on("mig_reset_blocked")
    on_the_bus(tmp_path, "20b0", reset=not foreseen)
    predicted = bench.run(MIXED, check=True, allow_reboot=True)
    assert predicted["reboot_required"] == foreseen
    done = bench.run(MIXED, allow_reboot=True, allow_reset=not foreseen)
    assert done["reboot_required"]
    assert done["diff"] == predicted["diff"]
    assert bench.server.records("gpu")[0]["pending"] == "1"
    assert "restart provision-mig.service" not in bench.calls
    assert bench.enabled

    bench.reboot("mig_reset_blocked")
    with Nvml(str(programs / f"libnvidia-ml.so.{VERSION}")) as library:
        targets = load((bench.folder / "record").read_text()).targets
        assert mig_boot.restore_all(library, Machine(), targets, lambda _: (0, "")) == []
    bench.active = True
    after = bench.run(MIXED, consent=False)
    assert (after["changed"], after["reboot_required"]) == (False, False)
    assert len(bench.uuids()) == 4


def test_without_consent_to_a_reboot_nothing_is_begun(bench: Bench, tmp_path: Path) -> None:
    bench.server.power_on("mig_reset_blocked")
    on_the_bus(tmp_path, "20b0", reset=False)
    before = bench.state()
    for check in (True, False):
        result = bench.run(MIXED, check=check)
        assert (
            "GPU 0000:07:00.0 can be switched on by a reboot only: the kernel cannot reset" in result["msg"]
        )
        assert result["hint"] == "nothing was changed; set `nvidia_mig_allow_reboot: true`"
    assert bench.state() == before


@pytest.mark.parametrize("foreseen", [True, False])
def test_nobody_who_works_is_ended_by_a_reboot(bench: Bench, tmp_path: Path, foreseen: bool) -> None:
    bench.server.power_on("mig_reset_blocked")
    on_the_bus(tmp_path, "20b0", reset=not foreseen)
    bench.use(gpu_uuid(bench, 1), User("container train"))
    before = bench.state()
    result = bench.run(MIXED, allow_reboot=True)
    assert result["refused"]
    assert "end what works on this host's GPUs: container train" in result["hint"]
    # Foreseen, it is refused before the GPU is asked at all.
    assert ("put back" not in result["msg"]) == foreseen
    assert bool(bench.run(MIXED, check=True, allow_reboot=True).get("failed")) == foreseen
    assert bench.state() == before


@pytest.mark.parametrize("foreseen", [True, False])
def test_mig_devices_that_no_layout_names_are_not_lost_in_a_reboot(
    bench: Bench, tmp_path: Path, foreseen: bool
) -> None:
    other = [{"devices": [1], "mig-enabled": True, "mig-devices": {"3g.20gb": 1, "2g.10gb": 1}}]
    bench.run(other)
    bench.server.power_on("mig_reset_blocked")
    bench.run(other)
    on_the_bus(tmp_path, "20b0", reset=not foreseen)
    before = bench.state()
    kept = bench.uuids()
    result = bench.run(MIXED, allow_destroy=False, allow_reboot=True)
    assert result["refused"]
    assert "name these GPUs in `nvidia_mig_layout`, or set `nvidia_mig_allow_destroy: true`" in result["hint"]
    lost = "that would destroy the MIG devices of GPU 0000:0f:00.0 (2g.10gb, 3g.20gb)"
    assert (lost in result["msg"], "put back" in result["msg"]) == (foreseen, not foreseen)
    assert bench.state() == before
    assert len(kept) == 2

    assert bench.run(MIXED, allow_reboot=True)["reboot_required"]


def test_who_only_holds_a_gpu_is_in_the_way_of_its_reset(bench: Bench, holder: list[int]) -> None:
    hold(bench.server, holder, "nvidia0")
    bench.use(gpu_uuid(bench), User("process nvsm_core (pid 7)", computes=False))
    before = bench.state()
    result = bench.run(MIXED)
    assert "by a reboot only: process nvsm_core (pid 7) holds it" in result["msg"]
    assert "end that, or set `nvidia_mig_allow_reboot: true`" in result["hint"]
    assert bench.state() == before

    assert bench.run(MIXED, allow_reboot=True)["reboot_required"]
    bench.server.power_on()
    assert [gpu["mig"] for gpu in bench.server.records("gpu")] == ["1", "0"]


def test_a_mode_that_waits_for_a_reboot_is_told_from_one_that_is_on(bench: Bench) -> None:
    """Killed before the reboot, the next run asks for it again."""
    bench.server.power_on("mig_reset_blocked")
    for _ in range(2):
        result = bench.run(MIXED, allow_reboot=True)
        assert (result["changed"], result["reboot_required"]) == (True, True)
