"""Hosts whose connection is not SSH."""

import base64
import json
import os
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from provision.connect.through_ansible import read
from provision.errors import ConnectError
from provision.model.fleet import Fleet, Host
from provision.plugins.module_utils.asking.answer import BEGIN, END
from provision.plugins.module_utils.asking.survey import survey
from provision.probe import probe
from tests.processes import commands, interrupt


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


@pytest.mark.needs("root")
@pytest.mark.parametrize("layout", ["", "all-disabled"])
def test_a_local_host_is_probed(tmp_path: Path, layout: str) -> None:
    variables: dict[str, object] = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "nvidia_mig_layout": layout,
    }
    inventory = tmp_path / "hosts.ini"
    words = " ".join(f"{key}={value}" for key, value in variables.items())
    inventory.write_text(f"me {words} ansible_become=false\n")
    found = probe(Fleet(inventory, None, (Host("me", (), {**variables, "ansible_become": False}),)))["me"]
    assert found.error is None
    assert found.observed is not None
    assert found.observed.kernel == os.uname().release
    assert (found.observed.partitions is not None) == bool(layout)


def test_an_interpreter_that_is_not_there_is_told_with_its_cure(tmp_path: Path) -> None:
    words = "ansible_connection=local ansible_become=false ansible_python_interpreter=/no/such/python"
    variables = dict(word.split("=") for word in words.split())
    (tmp_path / "hosts.ini").write_text(f"me {words}\n")
    found = probe(Fleet(tmp_path / "hosts.ini", None, (Host("me", (), variables),)))["me"]
    assert "/no/such/python" in (found.error or "")
    assert "ansible_python_interpreter" in (found.hint or "")


def test_an_interrupt_ends_what_was_started(tmp_path: Path) -> None:
    slow = tmp_path / "slow-python"
    slow.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\nexec sleep 4712\n")
    slow.chmod(0o755)
    (tmp_path / "hosts.ini").write_text(
        f"me ansible_connection=local ansible_become=false ansible_python_interpreter={slow}\n"
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
