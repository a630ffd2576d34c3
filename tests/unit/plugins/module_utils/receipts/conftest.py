"""A folder that stands for a machine."""

from pathlib import Path

import pytest

from provision.plugins.module_utils.host.machine import Machine

RELEASE = "6.1.0-40-amd64"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a machine that runs a kernel and has nothing else."""
    put(tmp_path, "/proc/sys/kernel/osrelease", RELEASE + "\n")
    return Machine(str(tmp_path))


def put(root: Path, path: str, text: str) -> Path:
    """Write a file of the machine."""
    file = root / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file
