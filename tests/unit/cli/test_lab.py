"""`provision lab` as a command, as far as it starts nothing."""

import pytest

from provision.cli import run


def test_faults_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lab", "fault"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.split()[0] == "gpu_lost" and len(line.split()) > 1 for line in lines)


def test_a_host_without_a_fault_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lab", "fault", "hgx01"]) == 2
    assert "hint: `provision lab fault` lists them" in capsys.readouterr().err
