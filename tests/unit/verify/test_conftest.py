"""The checks by hand, as pytest-testinfra's own."""

import subprocess
import sys
from pathlib import Path

import pytest

VERIFY = Path(__file__).parents[3] / "provision" / "verify"


@pytest.mark.needs("root")
def test_the_checks_run_over_testinfras_own_connections(tmp_path: Path) -> None:
    """This machine stands for a host. It needs a GPU for more than one check, and is asked all the same."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--hosts=local://", "--verbose", "-p", "no:cacheprovider", VERIFY],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "test_reachable[local] PASSED" in done.stdout
    assert "test_container_sees_gpus[local]" in done.stdout
    assert list(tmp_path.iterdir()) == []
