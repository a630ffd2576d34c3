"""What `provision compat` answers, and how it ends."""

from datetime import date

import pytest

from provision.compat.answer import answer, find_gpu
from provision.compat.rules import Verdict
from provision.errors import UsageError

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("gpu", "driver", "cuda", "supported"),
    [
        ("V100", "580", None, True),
        ("V100", "595", None, False),
        ("V100", "580", "12.9", True),
        ("V100", "580", "13.0", False),  # dropped as a target
        ("K80", "470", None, True),
        ("K80", "535", None, False),
        ("H100", "535", None, True),
        ("H100", "515", None, False),
        ("H100", "535", "12.8", True),  # minor-version compatibility
        ("H100", "535", "13.0", False),
        ("H100", "615", "13.4", True),
        ("B200", "550", None, False),
        ("B200", "570", None, True),  # the newest of the branch is new enough
        ("B200", "570.124.06", None, False),
        ("B200", "570.133.20", None, True),
        ("B300", "570", None, False),
        ("10de:3021", "610", None, False),  # Rubin
    ],
)
def test_combinations(gpu: str, driver: str, cuda: str | None, supported: bool) -> None:
    assert answer(gpu, driver, cuda, today=TODAY).supported is supported


def test_a_refusal_names_the_row_that_decided_and_the_cure() -> None:
    no = [r for r in answer("V100", "595", today=TODAY).reasons if r.verdict is Verdict.NO]
    assert [r.text for r in no] == ["driver 595 does not support V100 SXM2 16GB (Volta: last branch is 580)"]
    assert no[0].hint == 'set `nvidia_driver_version: "580"`'
    assert no[0].row["architecture"] == "Volta"
    assert "Driver Installation Guide" in no[0].row.source.title


def test_a_branch_out_of_support_is_a_warning_and_no_refusal() -> None:
    found = answer("H100", "535", today=TODAY)
    assert found.supported
    assert [r.text for r in found.reasons if r.verdict is Verdict.WARNING] == [
        "driver branch 535 is out of support since 2026-06 (supported: 580, 595, 615)"
    ]


def test_the_newest_branch_has_no_proprietary_modules() -> None:
    texts = [r.text for r in answer("H100", "615", today=TODAY).reasons]
    assert any(text.startswith("open kernel modules drive H100") for text in texts)
    assert not any(text.startswith("proprietary kernel modules drive") for text in texts)


@pytest.mark.parametrize(
    ("asked", "pci_id"),
    [
        ("10de:2330", "10de:2330"),
        ("2330", "10de:2330"),
        ("10DE:2330", "10de:2330"),
        ("h200", "10de:2335"),
        ("NVIDIA B200", "10de:2901"),
        ("Tesla V100-SXM2-16GB", "10de:1db1"),
        ("A100 PCIe 80GB", "10de:20b5"),
        ("A16", "10de:25b6"),
    ],
)
def test_a_gpu_is_named_in_several_ways(asked: str, pci_id: str) -> None:
    assert find_gpu(asked) == pci_id


@pytest.mark.parametrize(
    ("gpu", "driver", "cuda", "message", "hint"),
    [
        ("B20", None, None, "unknown GPU `B20`", "did you mean `B200`?"),
        ("10de:3400", None, None, "unknown GPU `10de:3400`", "in no table"),
        ("10de:22a3", None, None, "unknown GPU `10de:22a3`", "in no table"),
        (None, "582", None, "unknown driver branch `582`", "did you mean `580`?"),
        (None, None, "12.7", "unknown CUDA toolkit `12.7`", "12.6, 12.8"),
        (None, "latest", None, "`latest` is not a version", "580.95.05"),
    ],
)
def test_unknown_things_are_usage_errors(
    gpu: str | None, driver: str | None, cuda: str | None, message: str, hint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        answer(gpu, driver, cuda, today=TODAY)
    assert caught.value.message == message
    assert hint in (caught.value.hint or "")


def test_a_driver_newer_than_the_data_is_answered_with_a_warning() -> None:
    found = answer("H100", "580.999.01", today=TODAY)
    assert found.supported
    assert any("newer than any known" in r.text for r in found.reasons if r.verdict is Verdict.WARNING)
