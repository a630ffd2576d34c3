"""`provision verify` as a command: streams, document, JUnit file and exit codes."""

import json
from pathlib import Path

import pytest

from provision.cli import run
from provision.verify import Check
from tests.unit.up.fake_hosts import FakeHosts


def test_a_failed_check_ends_the_command_with_1(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    inventory = tmp_path / "hosts.ini"
    arguments = "ansible_host=127.0.0.1 ansible_port=1 ansible_ssh_common_args='-F none'"
    inventory.write_text(f"gpu-01 {arguments}\n")
    assert run(["verify", "-i", str(inventory), "--json"]) == 1
    out, err = capfd.readouterr()
    assert json.loads(out)["hosts"]["gpu-01"]["failed"] == 1
    assert "reachable" in err
    assert "hint: " in err


@pytest.mark.parametrize(("outcome", "code"), [("passed", 0), ("skipped", 0), ("failed", 1)])
def test_checks_are_data_unless_a_document_is_asked_for(
    outcome: str, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "hosts.ini").write_text("gpu-01\ngpu-02\n")
    hosts = FakeHosts(checks=lambda name: [Check(name, "driver_loaded", outcome, "580… gelöst")])
    arguments = ["verify", "-i", str(tmp_path / "hosts.ini"), "--limit", "gpu-02"]
    assert run(arguments, hosts) == code
    assert hosts.verified == [("gpu-02",)]
    lines, err = capsys.readouterr()
    assert lines.splitlines()[0] == f"gpu-02  {outcome:7}  driver_loaded: 580… gelöst"
    assert err == ""
    assert run([*arguments, "--json"], hosts) == code
    document, talk = capsys.readouterr()
    assert "580… gelöst" in document  # letters of every script stay as they are
    assert talk == lines.partition("\n")[0] + "\n"


def test_a_junit_file_without_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "hosts.ini").write_text("gpu-01\n")
    arguments = ["verify", "-i", str(tmp_path / "hosts.ini"), "--junit", str(tmp_path / "no" / "report.xml")]
    assert run(arguments) == 2
