"""The two servers on which MIG is tested beyond what the lab's own four show."""

import subprocess
import sys
from pathlib import Path

from .lab import STATE, Command, provision, run

ADDRESSES = {"mig-a100": "198.18.77.176", "mig-h100": "198.18.77.177"}
FOLDER = Path(__file__).with_name("mig")
INVENTORY = FOLDER / "inventory.ini"
_SNAPSHOT = Path(__file__).with_name("receipts") / "snapshot.py"


def lab(command: str, *arguments: str) -> None:
    """Run `provision lab COMMAND … --spec FILE`, which must work."""
    spec = str(FOLDER / "lab.yml")
    done = run(sys.executable, "-m", "provision", "lab", command, *arguments, "--spec", spec)
    assert done.code == 0, done


def product(command: str, *arguments: str, inventory: Path = INVENTORY) -> Command:
    """Run `provision COMMAND … --json`."""
    return provision(command, *arguments, "--json", inventory=inventory)


def root(server: str, script: str, *, program: str = "sh -s", check: bool = True) -> str:
    """Run a script as root on a server, by the program that reads it, and return what it prints."""
    argv = ["ssh", "-F", "none", "-i", str(STATE / "id_ed25519"), "-o", "BatchMode=yes"]
    argv += ["-o", f"UserKnownHostsFile={STATE / 'known_hosts'}", f"admin@{ADDRESSES[server]}"]
    done = subprocess.run(
        [*argv, "sudo", program], input=script, capture_output=True, text=True, timeout=300, check=False
    )
    assert not check or done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def snapshot(server: str) -> str:
    """Return what `receipts/snapshot.py` sees on a server."""
    return root(server, _SNAPSHOT.read_text(), program="python3 -")


def mig_devices(listing: str) -> list[str]:
    """Return the MIG devices that `nvidia-smi -L` lists, by UUID."""
    return [word.rstrip(")") for word in listing.split() if word.startswith("MIG-")]
