"""The runner: what it starts, what it reads from the inventory, what it reports and how the command ends."""

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from provision.errors import RunError, VariableError
from provision.model.fleet import Host
from provision.verify.report import Check
from provision.verify.runner import argv, check, describe, environment
from provision.verify.wanted import Wanted
from tests.processes import commands, interrupt
from tests.unit.verify.fake_host import IMAGE, FakeHost


@pytest.fixture(autouse=True)
def role_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = {"nvidia_container_toolkit_test_image": "default:image", "docker_engine_users": []}
    monkeypatch.setattr("provision.verify.wanted._defaults", lambda: defaults)


def host(**variables: object) -> Host:
    return Host("gpu-01", ("gpu",), variables)


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
    asked = {"gpu-01": {"connection": "local", "root": str(fake.root), "wanted": {"image": IMAGE}}}
    before = sorted(path.name for path in tmp_path.iterdir())
    seen: list[Check] = []
    found = check(asked, junit=tmp_path / "report.xml", on_check=seen.append)
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
        check({"gpu-01": {"connection": "local", "wanted": {}}})
    assert "no-such-topic" in (caught.value.hint or "")


def test_an_interrupt_ends_the_checks_and_their_connections(tmp_path: Path) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\nexec sleep 4713\n")
    ssh.chmod(0o755)
    program = (
        "import json, sys; from provision.verify.runner import check\n"
        "check({'gpu-01': json.loads(sys.argv[1])})"
    )
    asked = json.dumps(describe(host(), Path("lab.ini")))
    with subprocess.Popen(
        [sys.executable, "-c", program, asked],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        stderr=subprocess.DEVNULL,
    ) as process:
        interrupt(process, tmp_path / "started")
    assert commands("sleep 4713") == []


def test_passwords_are_neither_in_arguments_nor_in_the_environment() -> None:
    asked = describe(host(ansible_become_password="t0psecret", ansible_password="s3cret"), Path("lab.ini"))
    assert asked["target"]["password"] == "s3cret"
    assert asked["target"]["become"]["password"] == "t0psecret"
    handed_over = " ".join([*argv(3, 4, None), *environment().values()])
    assert "s3cret" not in handed_over


@pytest.mark.parametrize(
    ("variables", "connection"),
    [
        ({}, "ssh"),
        ({"ansible_connection": "smart"}, "ssh"),
        ({"ansible_connection": "local"}, "local"),
        ({"ansible_connection": "community.docker.docker"}, "ansible"),
        ({"ansible_become_method": "doas"}, "ansible"),
    ],
)
def test_hosts_are_reached_as_the_inventory_says(variables: dict[str, object], connection: str) -> None:
    assert describe(host(**variables), Path("lab.ini"))["connection"] == connection


def test_what_the_inventory_wants_is_read_with_the_defaults_of_the_roles() -> None:
    assert Wanted.of(host()).image == "default:image"
    asked = host(
        nvidia_container_toolkit_test_image="own:image",
        nvidia_container_toolkit_default_runtime=False,
        docker_engine_users=["alice", "bob"],
    )
    assert Wanted.of(asked) == Wanted("own:image", default_runtime=False, cdi=True, users=("alice", "bob"))


def test_a_template_is_refused_in_words() -> None:
    with pytest.raises(VariableError, match="`docker_engine_users` of gpu-01 is a template"):
        Wanted.of(host(docker_engine_users="{{ site_users }}"))
