"""Hosts whose connection is not SSH."""

import base64
import json
import os
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from provision.connect import through_ansible
from provision.connect.answer import Answer
from provision.connect.connections import Connections
from provision.connect.through_ansible import read
from provision.errors import ConnectError
from provision.plugins.module_utils.asking.answer import BEGIN, END
from provision.plugins.module_utils.asking.survey import survey
from provision.verify.question import ENTRY, options
from tests.processes import commands, interrupt
from tests.unit.verify.asked import WANTED, see
from tests.unit.verify.fake_host import FakeHost


def test_the_survey_is_found_in_the_output() -> None:
    packed = base64.b64encode(zlib.compress(json.dumps(survey()).encode())).decode()
    output = f'h1 | SUCCESS => {{\n "answer": "{BEGIN} {packed} {END}"\n}}'
    assert read(output, "")["kernel"] == os.uname().release


@pytest.mark.parametrize(
    ("output", "errors", "told", "reachable"),
    [
        ('h1 | UNREACHABLE! => {"msg": "No route."}', "", "Ansible cannot ask the host: No route", False),
        (
            'h1 | FAILED! => {"msg": "Missing sudo password"}',
            "",
            "Ansible cannot ask the host: Missing sudo password",
            True,
        ),
        ("", "a\nERROR: bad inventory\n", "Ansible cannot ask the host: ERROR: bad inventory", True),
        ("", "", "Ansible cannot ask the host: Ansible gave no reason", True),
    ],
)
def test_ansibles_reason_is_told(output: str, errors: str, told: str, reachable: bool) -> None:
    with pytest.raises(ConnectError) as caught:
        read(output, errors)
    assert (caught.value.message, caught.value.reachable) == (told, reachable)


def ask(folder: Path, entry: str, options: dict[str, object], python: str = sys.executable) -> Answer:
    inventory = folder / "hosts.ini"
    words = f"ansible_connection=local ansible_become=false ansible_python_interpreter={python}"
    inventory.write_text(f"me {words}\n")
    with Connections() as connections:
        return through_ansible.ask(inventory, "me", connections, entry, options)


@pytest.mark.needs("root")
@pytest.mark.parametrize("entry", ["asking.survey", "asking.partitions"])
def test_a_host_is_surveyed(tmp_path: Path, entry: str) -> None:
    found = ask(tmp_path, entry, {})
    assert found["kernel"] == os.uname().release
    assert ("partitions" in found) == (entry == "asking.partitions")


@pytest.mark.needs("root")
def test_evidence_is_gathered(tmp_path: Path) -> None:
    fake = FakeHost(tmp_path / "host")
    fake.finish()
    found = ask(tmp_path, ENTRY, {**options(WANTED), "root": str(fake.root)})
    assert found == see(fake.root)


def test_an_interpreter_that_is_not_there_is_told_with_its_cure(tmp_path: Path) -> None:
    with pytest.raises(ConnectError, match="/no/such/python") as caught:
        ask(tmp_path, "asking.survey", {}, "/no/such/python")
    assert "ansible_python_interpreter" in (caught.value.hint or "")


def test_an_interrupt_ends_what_was_started(tmp_path: Path) -> None:
    slow = tmp_path / "slow-python"
    slow.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\nexec sleep 4712\n")
    slow.chmod(0o755)
    only_ansible_can_tell = "\"{{ 'local' | regex_replace('x', 'y') }}\""
    (tmp_path / "hosts.ini").write_text(
        f"me ansible_connection={only_ansible_can_tell} ansible_become=false"
        f" ansible_python_interpreter={slow}\n"
    )
    program = (
        "import sys; from pathlib import Path; from provision.inventory import load\n"
        "from provision.probe import probe; probe(load(Path(sys.argv[1])))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, tmp_path / "hosts.ini"], stderr=subprocess.DEVNULL
    ) as process:
        interrupt(process, tmp_path / "started")
    assert commands("sleep 4712") == []
    assert commands("ansible", str(tmp_path)) == []


def test_an_answer_that_unpacks_without_end_is_refused() -> None:
    bomb = base64.b64encode(zlib.compress(b"x" * (64 << 20))).decode()
    with pytest.raises(ConnectError, match="more than 16 MiB"):
        through_ansible.read(f"{BEGIN} {bomb} {END}", "")


@pytest.mark.parametrize("packed", ["%%%", "eA", base64.b64encode(b"no zip").decode()])
def test_an_answer_that_does_not_unpack_is_that_hosts_error(packed: str) -> None:
    with pytest.raises(ConnectError, match="garbled"):
        through_ansible.read(f"{BEGIN} {packed} {END}", "")
