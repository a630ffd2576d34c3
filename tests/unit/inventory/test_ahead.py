"""An inventory read by another process is the same as one that is read here, errors included."""

import subprocess
import sys
from pathlib import Path

import pytest

_PROGRAM = """
import os, sys
from pathlib import Path
from provision.errors import ProvisionError
from provision.inventory import load
from provision.inventory.ahead import read_ahead

path = Path(sys.argv[1])
wait = read_ahead(path, None, check=True)
assert "ansible.inventory.manager" not in sys.modules
try:
    fleet = wait()
    assert "ansible.inventory.manager" not in sys.modules, "it was read here"
    assert fleet == load(path)
    (host,) = fleet.hosts
    print(host.variables, host.variables.sources)
except ProvisionError as error:
    print(f"{error.message} ({error.hint})")
try:
    os.waitpid(-1, os.WNOHANG)
except ChildProcessError:
    print("no process is left")
"""


def ahead(inventory: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(inventory)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


pytestmark = pytest.mark.needs("linux")


def test_the_fleet_comes_with_its_variables_and_where_they_were_written(tmp_path: Path) -> None:
    inventory = tmp_path / "fleet.ini"
    inventory.write_text("gpu-01 ansible_host=192.0.2.1 nvidia_driver_version='\"580\"'\n")

    found, last = ahead(inventory)

    assert "'nvidia_driver_version': '580'" in found
    assert f"{inventory}" in found
    assert last == "no process is left"


def test_an_unknown_variable_is_refused_in_the_same_words(tmp_path: Path) -> None:
    inventory = tmp_path / "fleet.ini"
    inventory.write_text("gpu-01 nvidia_driver_versoin=580\n")

    found, last = ahead(inventory)

    assert found == (
        f"unknown variable `nvidia_driver_versoin` in {inventory}:1 (did you mean `nvidia_driver_version`?)"
    )
    assert last == "no process is left"


def test_an_inventory_that_is_missing_is_told(tmp_path: Path) -> None:
    found, _ = ahead(tmp_path / "none.ini")

    assert found.startswith(f"no inventory at `{tmp_path / 'none.ini'}`")
