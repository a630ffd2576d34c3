"""What the checks read in the words of real drivers, recorded on real GPUs (tests/cases/recorded)."""

from pathlib import Path

import pytest

from provision.verify.parsing import parse_fabric, parse_list, parse_profiles

CASES = sorted(path for path in (Path(__file__).parents[2] / "cases" / "recorded").iterdir() if path.is_dir())


def test_there_are_recordings() -> None:
    assert [path.name for path in CASES] == ["h100-sxm5-80gb", "h200-sxm-141gb"]


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_a_whole_gpu_is_listed_by_its_uuid(case: Path) -> None:
    text = (case / "nvidia-smi-l.txt").read_text()
    (uuid, devices), *others = parse_list(text).items()
    assert f"GPU UUID: \t {uuid}\n" in (case / "proc-driver-nvidia-gpus-information.txt").read_text()
    assert (devices, others) == ((), [])
    assert parse_profiles(text) == {uuid: {}}


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_a_gpu_without_switches_has_no_fabric(case: Path) -> None:
    assert parse_fabric((case / "nvidia-smi-q.txt").read_text()) == (("N/A", "N/A"),)
