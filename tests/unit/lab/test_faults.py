"""Faults: each has a line of help, an `on` and an `off`."""

import subprocess
from pathlib import Path

import pytest

from provision.errors import UsageError
from provision.lab import faults, hardware, spec
from provision.lab.state import State


@pytest.mark.parametrize("path", faults.SCRIPTS.values(), ids=faults.SCRIPTS)
def test_a_script_says_what_it_is_and_is_shell(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert lines[0].startswith("# ")
    assert not lines[0].endswith(".")
    assert [
        word for word in ("on)", "off)") if not any(line.strip().startswith(word) for line in lines)
    ] == []
    subprocess.run(("sh", "-n", str(path)), check=True)


def test_no_two_faults_share_a_name() -> None:
    names = [*faults.SCRIPTS, *faults.OUTSIDE, *hardware.FAULTS]
    assert sorted(names) == list(faults.summaries())
    assert {"apt_lock", "unreachable", "gpu_lost", "library_mismatch"} <= set(names)


def test_an_unknown_fault_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown fault `gpu_on_fire`"):
        faults.switch(spec.load().servers[0], "gpu_on_fire", True, State(tmp_path))
