"""`provision verify` as a command: streams, document, JUnit file and exit codes."""

import json
from pathlib import Path

import pytest

from provision.cli import run


def test_a_failed_check_ends_the_command_with_1(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    inventory = tmp_path / "hosts.ini"
    arguments = "ansible_host=127.0.0.1 ansible_port=1 ansible_ssh_common_args='-F none'"
    inventory.write_text(f"gpu-01 {arguments}\n")
    assert run(["verify", "-i", str(inventory), "--json"]) == 1
    out, err = capfd.readouterr()
    assert json.loads(out)["hosts"]["gpu-01"]["failed"] == 1
    assert "reachable" in err
    assert "hint: " in err


def test_a_junit_file_without_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "hosts.ini").write_text("gpu-01\n")
    arguments = ["verify", "-i", str(tmp_path / "hosts.ini"), "--junit", str(tmp_path / "no" / "report.xml")]
    assert run(arguments) == 2
