"""The one server on which receipts are tested, and what a person would do on it as root."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from .lab import STATE, Command, provision, run

HOST = "receipts-a100"
ROLES = ("nvidia_driver", "docker_engine", "nvidia_container_toolkit")
_HERE = Path(__file__).with_name("receipts")
_ADDRESS = "198.18.77.71"


def lab(command: str, *arguments: str) -> None:
    """Run `provision lab COMMAND … --spec FILE`, which must work."""
    done = run(
        sys.executable, "-m", "provision", "lab", command, *arguments, "--spec", str(_HERE / "lab.yml")
    )
    assert done.code == 0, done


def product(command: str, *arguments: str) -> Command:
    """Run `provision COMMAND … --json` on the server."""
    return provision(command, *arguments, "--json", inventory=_HERE / "inventory.ini")


def root(command: str, script: str) -> str:
    """Run a program of the server as root, with a script on its standard input, and return what it prints."""
    argv = ["ssh", "-F", "none", "-i", str(STATE / "id_ed25519"), "-o", "BatchMode=yes"]
    argv += ["-o", f"UserKnownHostsFile={STATE / 'known_hosts'}", f"admin@{_ADDRESS}", "sudo", command]
    done = subprocess.run(argv, input=script, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def snapshot() -> Any:  # noqa: ANN401 - as the program prints it
    """Return what `receipts/snapshot.py` sees on the server."""
    return json.loads(root("python3 -", (_HERE / "snapshot.py").read_text()))


def receipts() -> dict[str, Any]:
    """Return the receipts by role."""
    texts = root("sh -s", "cat /var/lib/provision/receipts/*.json").replace("}{", "}\n{").splitlines()
    return {receipt["role"]: receipt for receipt in map(json.loads, texts)}


def up(*arguments: str) -> Command:
    """Provision the server, which must work."""
    done = product("up", "--no-verify", *arguments)
    assert done.code == 0, done
    return done


def reasons() -> dict[str, list[str]]:
    """Return what `plan` says is to be done, by role; roles with nothing to do are left out."""
    done = product("plan")
    assert done.code == 0, done
    found = done.json["hosts"][HOST]
    assert found.get("error") is None, done
    return {name: role["reasons"] for name, role in found["roles"].items() if role["reasons"]}
