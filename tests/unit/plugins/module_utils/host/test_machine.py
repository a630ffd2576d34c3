"""The machine that is measured: a folder instead of the root, and programs that end."""

import sys
from pathlib import Path

import pytest

from provision.plugins.module_utils.host.machine import Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/b").write_bytes(b"text \xff")
    (tmp_path / "etc/a").symlink_to("nowhere")
    return Machine(str(tmp_path))


def test_files_are_those_below_the_root(machine: Machine, tmp_path: Path) -> None:
    assert machine.path("/etc/b") == str(tmp_path / "etc/b")
    assert machine.read("/etc/b") == "text �"
    assert (machine.read_bytes("/etc/b"), machine.read_bytes("/etc/b", 4)) == (b"text \xff", b"text")
    assert machine.names("/etc") == ["a", "b"]


def test_what_is_not_there_is_none(machine: Machine) -> None:
    assert machine.read("/etc/c") is None
    assert machine.read("/etc") is None
    assert machine.read_bytes("/etc/a") is None
    assert machine.names("/var") == []


def test_a_dangling_link_is_something(machine: Machine) -> None:
    assert [machine.exists(path) for path in ("/etc/a", "/etc/b", "/etc/c")] == [True, True, False]


def test_a_program_is_told_by_its_code_and_output(machine: Machine) -> None:
    script = "import os, sys; print(os.environ['LC_ALL']); sys.stderr.write('no'); sys.exit(3)"
    assert machine.run([sys.executable, "-c", script]) == (3, "C\n")


def test_a_program_that_is_not_there_or_hangs_is_one_that_cannot_be_run(machine: Machine) -> None:
    assert machine.run(["no-such-program"]) == (127, "")
    assert machine.run([sys.executable, "-c", "import time; time.sleep(60)"], timeout=0.2) == (127, "")
