"""nvidia_mig_layout, run as Ansible runs it, on the lab's libnvidia-ml and a systemd that obeys."""

import fcntl
import io
import json
import re
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest

from provision.plugins.module_utils.gpus.nvml import Nvml
from provision.plugins.module_utils.host.machine import Machine
from provision.plugins.module_utils.mig import boot as mig_boot
from provision.plugins.module_utils.mig import boot_program
from provision.plugins.module_utils.mig.gpu import Target, User
from provision.plugins.module_utils.mig.record import load
from provision.plugins.modules import nvidia_mig_layout
from tests.modules.mig_bench import MIXED, PERSISTENCED, SPLIT, Bench, bench, gpu_uuid, no_driver, on_the_bus
from tests.unit.lab.hardware.conftest import VERSION, nvml, programs, server

__all__ = ["bench", "nvml", "programs", "server"]


def test_partitions_one_gpu_and_leaves_the_other(bench: Bench) -> None:
    result = bench.run(MIXED)
    assert result["changed"]
    assert [gpu["after"] for gpu in result["gpus"]] == [
        ["MIG enabled", "0:1 1g.5gb", "1:1 1g.5gb", "2:2 2g.10gb", "4:4 3g.20gb"]
    ]
    assert len(bench.uuids()) == 4
    assert [gpu["mig"] for gpu in bench.server.records("gpu")] == ["1", "0"]
    assert bench.calls == [
        "daemon-reload",
        "enable provision-mig.service",
        "restart provision-mig.service",
    ]


def test_a_second_run_does_nothing(bench: Bench) -> None:
    bench.run(MIXED)
    before, bench.calls = bench.state(), []
    result = bench.run(MIXED, consent=False)
    assert not result["changed"]
    assert result["diff"] == []
    assert bench.calls == []
    assert bench.state() == before


def test_check_mode_predicts_what_the_run_does_and_does_nothing(bench: Bench) -> None:
    before = bench.state()
    predicted = bench.run(MIXED, check=True)
    assert bench.state() == before
    assert predicted["diff"] == bench.run(MIXED)["diff"]
    predicted = bench.run(SPLIT, check=True)
    assert predicted["diff"] == bench.run(SPLIT)["diff"]


def test_check_mode_without_a_driver_names_the_same_things(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_the_bus(tmp_path, "20b0")
    with monkeypatch.context() as context:
        context.setattr(nvidia_mig_layout, "Nvml", no_driver)
        predicted = bench.run(MIXED, check=True)
        assert "no driver answers yet" in str(bench.warnings)
        assert bench.run(MIXED)["msg"].startswith("the driver does not answer")
    done = bench.run(MIXED)
    assert _headers(predicted) == _headers(done)
    assert predicted["diff"][0] == done["diff"][0]


def test_a_driver_that_is_only_not_loaded_keeps_the_record(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_the_bus(tmp_path, "20b0")
    bench.run(MIXED)
    with monkeypatch.context() as context:
        context.setattr(nvidia_mig_layout, "Nvml", no_driver)
        predicted = bench.run(MIXED, check=True)
        other = bench.run(SPLIT, check=True)
    bench.server.power_on()
    assert _headers(predicted) == _headers(bench.run(MIXED))
    assert _headers(other) == _headers(bench.run(SPLIT))


def test_instances_that_go_with_the_module_are_foreseen(bench: Bench, tmp_path: Path) -> None:
    on_the_bus(tmp_path, "20b0")
    bench.run(MIXED)
    assert not bench.run(MIXED, check=True)["changed"]
    predicted = bench.run(MIXED, check=True, module_exchanged=True, consent=False)
    bench.server.power_on()
    assert _headers(predicted) == _headers(bench.run(MIXED))
    assert predicted["gpus"][0]["created"] == 4


@pytest.mark.parametrize("name", ["record", "program", "unit"])
def test_a_file_with_another_mode_is_put_right(bench: Bench, name: str) -> None:
    bench.run(MIXED)
    before = bench.state()
    (bench.folder / name).chmod(0o666)
    predicted = bench.run(MIXED, check=True)
    result = bench.run(MIXED, consent=False)
    assert result["changed"]
    assert _headers(predicted) == _headers(result) == [str(bench.folder / name)]
    assert (bench.folder / name).stat().st_mode & 0o777 == 0o644
    assert bench.state() == before


def test_a_unit_that_was_deleted_is_a_change_of_the_service_too(bench: Bench) -> None:
    bench.run(MIXED)
    (bench.folder / "unit").unlink()
    expected = [str(bench.folder / "unit"), "provision-mig.service"]
    assert _headers(bench.run(MIXED, check=True)) == _headers(bench.run(MIXED)) == expected
    assert not bench.run(MIXED)["changed"]


def _headers(result: dict[str, Any]) -> list[str]:
    return [each["after_header"] for each in result["diff"]]


def test_keeps_what_the_new_layout_has_too(bench: Bench) -> None:
    bench.run(MIXED)
    before = bench.uuids()
    bench.run([{**MIXED[0], "mig-devices": {"3g.20gb": 1, "2g.10gb": 2}}])
    assert len(before & bench.uuids()) == 2


def test_what_went_away_comes_back_where_it_was(bench: Bench) -> None:
    bench.run([{**MIXED[0], "mig-devices": {"1g.5gb": 7}}])
    bench.run([{**MIXED[0], "mig-devices": {"1g.5gb": 2, "3g.20gb": 1}}])
    before = bench.uuids()
    bench.server.smi("mig", "-i", "0", "-dci")
    bench.server.smi("mig", "-i", "0", "-dgi")
    assert bench.uuids() == set()
    result = bench.run([{**MIXED[0], "mig-devices": {"1g.5gb": 2, "3g.20gb": 1}}], consent=False)
    assert result["changed"]
    assert bench.uuids() == before


REFUSALS = [
    ("all-7g.80gb", {}, r"profile `7g.80gb` does not exist on GPU 0000:07:00.0, which has 1g.5gb"),
    ("all-nothing", {}, "profile `nothing` does not exist"),
    ([{**MIXED[0], "mig-devices": {"3g.20gb": 2, "1g.5gb": 1}}], {}, "do not fit on this GPU together"),
    ([{**MIXED[0], "mig-devices": {"4g.20gb": 2}}], {}, "the GPU holds 1"),
    ([{**MIXED[0], "devices": [7]}], {}, "names GPU 7, there are 2"),
    ("[oops", {}, "the MIG layout is not JSON"),
    ("split", {"configurations": {"version": "v1", "mig-configs": {"a": SPLIT}}}, "layout `split` is not in"),
    (SPLIT, {"allow_destroy": False}, "MIG instance .* of GPU 0000:07:00.0 would be destroyed"),
    ("all-disabled", {"allow_reset": False}, "switching MIG mode off resets GPU 0000:07:00.0"),
]


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(("layout", "options", "message"), REFUSALS)
def test_refuses_before_anything_changes(
    bench: Bench, layout: object, options: dict[str, Any], message: str, check: bool
) -> None:
    bench.run(MIXED)
    before, bench.calls = bench.state(), []
    result = bench.run(layout, check=check, **options)
    assert result["failed"]
    assert result["refused"]
    assert re.search(message, result["msg"]), result["msg"]
    assert "nothing was changed" in result["hint"]
    assert bench.state() == before
    assert bench.calls == []


def test_a_busy_instance_is_never_destroyed(bench: Bench) -> None:
    bench.run(SPLIT)
    instance = int(bench.server.records("gi")[0]["id"])
    bench.use(gpu_uuid(bench), User("container train"), instance=instance)
    before = bench.state()
    result = bench.run("all-7g.40gb")
    assert "is in use by container train" in result["msg"]
    assert bench.state() == before


def test_nothing_happens_to_one_gpu_when_another_one_refuses(bench: Bench) -> None:
    bench.use(gpu_uuid(bench, 1), User("process python3 (pid 7)"))
    before = bench.state()
    result = bench.run("all-balanced")
    assert "GPU 0000:0f:00.0 cannot be switched on: process python3 (pid 7) uses it" in result["msg"]
    assert bench.state() == before


def test_the_drivers_services_make_way_and_come_back(bench: Bench) -> None:
    bench.use(gpu_uuid(bench), User("process nvidia-persiste (pid 7)", PERSISTENCED))
    assert bench.run(MIXED)["changed"]
    assert bench.calls[:2] == [f"stop {PERSISTENCED}", f"start {PERSISTENCED}"]


@pytest.mark.parametrize("consent", [True, False])
def test_a_service_that_a_killed_run_left_stopped_is_started_even_by_one_that_is_refused(
    bench: Bench, tmp_path: Path, consent: bool
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/stopped").write_text(json.dumps([PERSISTENCED]))
    assert bool(bench.run(MIXED, consent=consent).get("refused")) != consent
    assert f"start {PERSISTENCED}" in bench.calls
    assert not (tmp_path / "run/stopped").exists()


def test_the_second_of_two_runs_waits_and_refuses(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with (tmp_path / "run/lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        before = bench.state()
        result = bench.run(MIXED, lock_timeout=1)
    assert result["refused"]
    assert result["msg"].startswith("another run has been changing the MIG layout")
    assert bench.state() == before


def test_the_second_of_two_runs_goes_on_when_the_first_has_ended(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with (tmp_path / "run/lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        first = threading.Timer(0.5, fcntl.flock, (file, fcntl.LOCK_UN))
        first.start()
        assert bench.run(MIXED, lock_timeout=60)["changed"]
        first.join()
    assert len(bench.uuids()) == 4


def test_without_a_layout_nothing_happens(bench: Bench) -> None:
    before = bench.state()
    assert not bench.run("")["changed"]
    assert bench.state() == before


def test_without_a_layout_the_former_one_does_not_come_back_at_boot(bench: Bench) -> None:
    bench.run(MIXED)
    devices = bench.uuids()
    assert bench.run("", check=True)["changed"]
    assert bench.run("")["changed"]
    assert list(bench.folder.iterdir()) == []
    assert "disable --now provision-mig.service" in bench.calls
    assert bench.uuids() == devices


def test_the_boot_restores_what_the_run_recorded(bench: Bench, programs: Path) -> None:
    bench.run(MIXED)
    devices = bench.uuids()
    bench.server.power_on()
    assert bench.uuids() == set()
    with Nvml(str(programs / f"libnvidia-ml.so.{VERSION}")) as library:
        targets = load((bench.folder / "record").read_text()).targets
        assert mig_boot.restore_all(library, Machine(), targets, lambda _: (0, "")) == []
    assert bench.uuids() == devices


def test_the_boot_tells_of_a_gpu_that_is_gone_and_restores_the_others(bench: Bench, programs: Path) -> None:
    bench.run("all-1g.5gb")
    targets = {**load((bench.folder / "record").read_text()).targets, "GPU-gone": Target(enabled=True)}
    bench.server.power_on()
    with Nvml(str(programs / f"libnvidia-ml.so.{VERSION}")) as library:
        troubles = mig_boot.restore_all(library, Machine(), targets, lambda _: (0, ""))
    assert troubles == ["GPU GPU-gone is not in this host any more"]
    assert len(bench.uuids()) == 14


def test_the_program_is_complete_and_the_same_every_time(tmp_path: Path) -> None:
    code = boot_program.program()
    assert code == boot_program.program()
    names = set(zipfile.ZipFile(io.BytesIO(code)).namelist())
    assert "provision_host/gpus/nvml.py" in names
    path = tmp_path / "mig.pyz"
    path.write_bytes(code)
    script = f"import sys; sys.path.insert(0, {str(path)!r}); import provision_host.mig.boot as boot; print(boot.main)"
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=False)
    assert "function main" in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("answers", "has_file", "ran"),
    [
        ({"cat": 0}, True, ["cat", "reset-failed", "restart"]),
        ({"cat": 1}, True, ["cat", "cdi"]),
        ({"cat": 1}, False, ["cat"]),
    ],
)
def test_devices_are_described_anew_by_who_did_it_before(
    answers: dict[str, int], has_file: bool, ran: list[str]
) -> None:
    calls: list[str] = []

    def run(argv: list[str]) -> tuple[int, str]:
        calls.append(argv[1])
        return answers.get(argv[1], 0), ""

    assert mig_boot.refresh_cdi(run, has_file) == ""
    assert calls == ran
