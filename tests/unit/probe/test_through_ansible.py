"""The probe of hosts whose connection is not SSH."""

import base64
import json
import os
import sys
import zlib
from pathlib import Path

import pytest

from provision.model.fleet import Fleet, Host
from provision.plugins.module_utils.host_survey import survey
from provision.probe import probe
from provision.probe.answer import ProbeError
from provision.probe.through_ansible import read


def test_the_survey_is_found_in_the_output() -> None:
    packed = base64.b64encode(zlib.compress(json.dumps(survey()).encode())).decode()
    output = f'h1 | SUCCESS => {{\n "survey": "provision-probe-begin {packed} provision-probe-end"\n}}'
    assert read(output, "").kernel == os.uname().release


@pytest.mark.parametrize(
    ("output", "errors", "told", "reachable"),
    [
        ('h1 | UNREACHABLE! => {"msg": "No route."}', "", "Ansible cannot probe the host: No route", False),
        (
            'h1 | FAILED! => {"msg": "Missing sudo password"}',
            "",
            "Ansible cannot probe the host: Missing sudo password",
            True,
        ),
        ("", "a\nERROR: bad inventory\n", "Ansible cannot probe the host: ERROR: bad inventory", True),
        ("", "", "Ansible cannot probe the host: Ansible gave no reason", True),
    ],
)
def test_ansibles_reason_is_told(output: str, errors: str, told: str, reachable: bool) -> None:
    with pytest.raises(ProbeError) as caught:
        read(output, errors)
    assert (caught.value.message, caught.value.reachable) == (told, reachable)


@pytest.mark.skipif(os.geteuid() != 0, reason="a survey needs root")
def test_a_local_host_is_probed(tmp_path: Path) -> None:
    variables: dict[str, object] = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
    }
    inventory = tmp_path / "hosts.ini"
    words = " ".join(f"{key}={value}" for key, value in variables.items())
    inventory.write_text(f"me {words} ansible_become=false\n")
    found = probe(Fleet(inventory, None, (Host("me", (), {**variables, "ansible_become": False}),)))["me"]
    assert found.error is None
    assert found.observed is not None
    assert found.observed.kernel == os.uname().release
