"""The nvidia-smi double against what NVIDIA's prints: words, tables, exit codes, and their traps.

A case file in tests/cases/nvidia_smi/ is a session on one server. `! hardware`, `! faults`, `! driver` (the loaded
module) and `! userspace` (libraries and programs) set it up and reboot it, `! lose` takes a GPU away; then come
commands, their output, and their exit code as `[rc=N]`. In the output `<...>` stands for any word.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from _pytest.mark import ParameterSet

from tests.unit.lab.hardware.conftest import Server, build_driver, hold

Build = Callable[[dict[str, object]], Server]
CASES = Path(__file__).parents[3] / "cases" / "nvidia_smi"


@dataclass(frozen=True)
class Step:
    """One command of a session: `command` is `nvidia-smi` with arguments, or a set-up line's words."""

    setup: bool
    command: list[str]
    output: str
    code: int


def steps(text: str) -> Iterator[Step]:
    """Read a case file."""
    command: list[str] = []
    output: list[str] = []
    for line in text.splitlines(keepends=True):
        ended = re.fullmatch(r"\[rc=(\d+)\]\n", line)
        if line.startswith("! "):
            yield Step(True, shlex.split(line[2:]), "", 0)
        elif line.startswith("$ "):
            command, output = shlex.split(line[2:]), []
        elif ended:
            yield Step(False, command, "".join(output), int(ended[1]))
            command = []
        elif command:
            output.append(line)


def matches(pattern: str, text: str) -> bool:
    """Compare outputs, `<...>` standing for one word."""
    parts = (re.escape(part) for part in pattern.split("<...>"))
    return re.fullmatch(r"\S+".join(parts), text) is not None


def session(case: Path) -> ParameterSet:
    """Return a case. nvidia-smi resets a GPU for root alone."""
    needs = [pytest.mark.needs("root")] if "--gpu-reset" in case.read_text() else []
    return pytest.param(case, marks=needs, id=case.stem)


@pytest.mark.parametrize("case", list(map(session, sorted(CASES.glob("*.txt")))))
def test_session(case: Path, server: Build, tmp_path: Path) -> None:
    built: Server | None = None
    faults: list[str] = []
    version, session = "580.95.05", list(steps(case.read_text()))
    assert not all(step.setup for step in session)
    for step in session:
        word, *values = step.command
        if word == "hardware":
            built = server(json.loads(values[0]))
            continue
        assert built is not None
        if not step.setup:
            code, output = built.smi(*values)
            assert matches(step.output, output), f"{shlex.join(step.command)}\n{output}"
            assert code == step.code, shlex.join(step.command)
            continue
        if word == "lose":
            built.lose(int(values[0]))
            continue
        if word == "faults":
            faults = values
        elif word == "driver":
            version = values[0]
        elif word == "userspace":
            programs = build_driver(values[0], tmp_path / values[0])
            built = replace(built, programs=programs)
        built.power_on(*faults, version="" if version == "none" else version)


def test_without_the_library(server: Build, tmp_path: Path) -> None:
    built = server({"gpus": {"a30-24gb": 1}})
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "nvidia-smi").symlink_to(built.programs / "nvidia-smi")
    code, output = Server(built.state, built.devices, alone).smi("-L")
    assert code == 12
    assert output.startswith("NVIDIA-SMI couldn't find libnvidia-ml.so library in your system.")


def test_the_report_as_xml_names_gpu_and_fabric(server: Build) -> None:
    built = server({"gpus": {"h100-sxm5-80gb": 2}, "nvswitches": 4})
    uuid = built.records("gpu")[1]["uuid"]
    code, output = built.smi("-q", "-x", "-i", uuid)
    log = ElementTree.fromstring(output.split("\n", 2)[2])

    assert code == 0
    assert log.findtext("driver_version") == "580.95.05"
    assert log.findtext("attached_gpus") == "2"
    (gpu,) = log.findall("gpu")
    assert gpu.get("id") == built.records("gpu")[1]["pci"]
    assert gpu.findtext("product_name") == "NVIDIA H100 80GB HBM3"
    assert gpu.findtext("uuid") == uuid
    assert (gpu.findtext("fabric/state"), gpu.findtext("fabric/status")) == ("In Progress", "N/A")


@pytest.mark.parametrize("model", ["h100-sxm5-80gb", "h200-sxm-141gb"])
def test_the_report_is_a_part_of_the_real_one(model: str, server: Build) -> None:
    """The same labels at the same places, in the same order; other values."""
    real = iter((CASES.with_name("recorded") / model / "nvidia-smi-q.txt").read_text().splitlines())
    code, output = server({"gpus": {model: 1}}).smi("-q")
    assert code == 0
    for line in output.splitlines():
        label = line.partition(" : ")[0].partition(" 0000")[0]
        assert any(label == each.partition(" : ")[0].partition(" 0000")[0] for each in real), line


def test_a_running_program_is_named_by_its_number(server: Build, holder: list[int]) -> None:
    built = server({"gpus": {"a30-24gb": 2}})
    hold(built, holder, "nvidia1", "nvidia-uvm")
    assert built.smi("--query-compute-apps=pid", "--format=csv,noheader") == (0, f"{holder[0]}\n")


def test_a_program_of_another_version_than_its_library(server: Build, tmp_path: Path) -> None:
    built = server({"gpus": {"a30-24gb": 1}})
    other = build_driver("580.82.07", tmp_path / "other")
    (other / "libnvidia-ml.so.1").unlink()
    (other / "libnvidia-ml.so.1").symlink_to(built.programs / "libnvidia-ml.so.1")
    assert replace(built, programs=other).smi("-L") == (
        255,
        "Mismatch in versions between nvidia-smi and NVML.\n"
        "Are you sure you are using nvidia-smi provided with the driver?\n",
    )
