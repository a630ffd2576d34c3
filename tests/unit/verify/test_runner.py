"""The runner: what it starts, what it reads from the inventory, what it reports and how the command ends."""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from provision import verify
from provision.errors import ConnectError, RunError
from provision.model.fleet import Fleet
from provision.verify.report import Check
from tests.processes import commands, interrupt
from tests.unit.connect.ssh_server import SshServer, variables
from tests.unit.hosts import host
from tests.unit.verify.asked import WANTED, checked
from tests.unit.verify.fake_host import FakeHost


def test_nobody_elses_pytest_settings_reach_the_checks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A working directory that would break any pytest run: settings, conftest, modules and environment."""
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    (tmp_path / "conftest.py").write_text("raise SystemExit('conftest of the working directory')\n")
    (tmp_path / "yaml.py").write_text("raise SystemExit('module of the working directory')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")
    monkeypatch.setenv("PYTEST_PLUGINS", "no_such_plugin")
    fake = FakeHost(tmp_path / "host")
    fake.finish()
    before = sorted(path.name for path in tmp_path.iterdir())
    seen: list[Check] = []
    found = checked({"gpu-01": fake.root}, WANTED, junit=tmp_path / "report.xml", on_check=seen.append)
    assert {each.id: each.detail for each in found if each.outcome == "failed"} == {}
    assert seen == found
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*before, "report.xml"])
    cases = ElementTree.parse(tmp_path / "report.xml").findall(".//testcase")
    assert len(cases) == len(found)
    (sees,) = (case for case in cases if "container_sees_gpus" in case.get("name", ""))
    details = [each.get("value") for each in sees.findall(".//property[@name='detail']")]
    assert details == ["2 of 2"]


def test_checks_that_do_not_run_are_an_error_and_not_a_success(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provision.verify.runner._TOPICS", ("no-such-topic",))
    with pytest.raises(RunError, match="the checks did not run: pytest ended with 4") as caught:
        checked({"gpu-01": ConnectError("no")})
    assert "no-such-topic" in (caught.value.hint or "")


def test_an_interrupt_ends_the_checks_and_their_connections(tmp_path: Path) -> None:
    proxy = tmp_path / "proxy"
    proxy.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\nexec sleep 4713\n")
    proxy.chmod(0o755)
    (tmp_path / "hosts.ini").write_text(f"h1 ansible_ssh_common_args='-F none -o ProxyCommand={proxy}'\n")
    program = (
        "import sys; from pathlib import Path; from provision import inventory, verify\n"
        "verify.run(inventory.load(Path(sys.argv[1])), junit=Path(sys.argv[1] + '.xml'))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, tmp_path / "hosts.ini"], stderr=subprocess.DEVNULL
    ) as process:
        interrupt(process, tmp_path / "started")
    assert commands("sleep 4713") == []
    assert commands(str(tmp_path)) == []


@pytest.mark.needs("root")
def test_hosts_are_asked_over_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine, which has no GPU, behind an SSH server; and a host that lets nobody in."""
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    server = SshServer(tmp_path)
    known = variables(server, ansible_python_interpreter="auto")
    hosts = (host("good", known), host("shut", {**known, "ansible_user": "other"}))
    found = verify.run(Fleet(tmp_path / "hosts.ini", None, hosts))
    server.stop()
    good, shut = found.hosts
    assert (good.count("passed"), good.count("failed")) == (0, 0)
    assert {each.detail for each in good.checks} == {verify.NO_GPU}
    assert [(each.id, each.outcome) for each in shut.checks] == [("reachable", "failed")]
    assert "permission denied for user `other`" in shut.checks[0].detail
    assert "ansible_ssh_private_key_file" in shut.checks[0].evidence
