"""This machine as a host."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from provision.connect import local
from provision.connect.answer import Answer
from provision.connect.connections import Connections
from provision.connect.target import Become, LocalTarget
from provision.errors import ConnectError
from tests.processes import commands, interrupt
from tests.unit.connect.ssh_server import ANSWER, python, script


def ask(target: LocalTarget) -> Answer:
    with Connections() as connections:
        return local.ask(target, connections, "asking.survey", {})


def test_it_answers(tmp_path: Path) -> None:
    assert ask(LocalTarget(None, (python(tmp_path),))) == ANSWER


@pytest.mark.needs("root")
def test_the_real_program_runs() -> None:
    assert ask(LocalTarget(None, (sys.executable,)))["kernel"] == os.uname().release


def test_sudo_gets_the_password_on_its_input(tmp_path: Path) -> None:
    keep = tmp_path / "kept"
    take = f'read -r typed; echo "$typed" > {keep}; while [ "$1" != -- ]; do shift; done; shift; exec "$@"'
    become = Become(program=script(tmp_path, "sudo", take), user="somebody else", password="s3cret")
    assert ask(LocalTarget(become, (python(tmp_path),))) == ANSWER
    assert keep.read_text() == "s3cret\n"


def test_a_program_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "_SECONDS", 0.2)
    slow = script(tmp_path, "python", "sleep 4714")
    with pytest.raises(ConnectError, match=r"did not answer within 0 s"):
        ask(LocalTarget(None, (slow,)))
    deadline = time.monotonic() + 5
    while commands("sleep 4714"):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_an_interrupt_ends_what_was_started(tmp_path: Path) -> None:
    slow = script(tmp_path, "slow", f"touch {tmp_path}/started\nexec sleep 4715")
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
    assert commands("sleep 4715") == []
