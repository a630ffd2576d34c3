"""The newest ansible-core, on the Python that it wants: hgx01, which runs Debian 13, is the control machine.

The tests run under the oldest. What the one leaves on hosts the other must take for its own.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from .lab import INVENTORY, ROOT, STATE, inside, provision, run

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("fleet")]

CORE = "2.21"
CONTROL = "hgx01"
_PYTHON = "3.13"
_PLATFORMS = (
    "manylinux_2_34_x86_64",
    "manylinux_2_28_x86_64",
    "manylinux_2_17_x86_64",
    "manylinux2014_x86_64",
)
_HOME = "/root/control"


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Install the wheel and what it needs on the control machine, with the lab's key and inventory."""
    folder = tmp_path_factory.mktemp("control")
    built = run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT)
    assert built.code == 0, built
    target = [word for platform in _PLATFORMS for word in ("--platform", platform)]
    # Old releases of pip look at the Python that runs them, whatever they are told.
    asked = [
        "--ignore-requires-python",
        "--python-version",
        _PYTHON,
        "--only-binary",
        ":all:",
        *target,
        f"ansible-core=={CORE}.*",
    ]
    wheel = next(folder.glob("provision-*.whl"))
    installed = run(
        sys.executable, "-m", "pip", "install", "--quiet", "--target", folder / "site", *asked, wheel
    )
    assert installed.code == 0, installed
    _send(folder, "site", _HOME)
    _send(STATE, "id_ed25519 known_hosts repo-key.asc", "/root/.local/state/provision-lab")
    _send(INVENTORY.parent, INVENTORY.name, _HOME)
    told = inside(CONTROL, f"PYTHONPATH={_HOME}/site python3 -m ansible playbook --version")
    assert f"[core {CORE}." in told
    assert f"python version = {_PYTHON}." in told


def _send(folder: Path, names: str, destination: str) -> None:
    packed = subprocess.run(["tar", "-C", folder, "-c", *names.split()], capture_output=True, check=True)
    inside(CONTROL, f"mkdir -p -m 0700 {destination}")
    command = ["docker", "exec", "--interactive", f"provision-lab-{CONTROL}", "tar", "-C", destination, "-x"]
    subprocess.run([*command, "--no-same-owner"], input=packed.stdout, check=True)


def _there(command: str) -> dict[str, object]:
    """Run `provision` on the control machine and return its document."""
    program = f"PYTHONPATH={_HOME}/site python3 -m provision"
    document: dict[str, object] = json.loads(
        inside(CONTROL, f"cd / && {program} {command} -i {_HOME}/lab.ini --json")
    )
    return document


@pytest.mark.usefixtures("control")
def test_receipts_count_whichever_ansible_wrote_them() -> None:
    planned = _there("plan --exit-code")
    assert planned["summary"] == provision("plan", "--json").json["summary"]
    ran = _there("up --full --limit v100-01 --yes")
    host = ran["hosts"]["v100-01"]  # type: ignore[index]
    assert (host["outcome"], host["error"]) == ("converged", None)
    assert set(host["roles"].values()) == {"ok"}
    again = provision("plan", "--exit-code", "--limit", "v100-01")
    assert again.code == 0, again
