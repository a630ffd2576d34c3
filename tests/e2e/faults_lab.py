"""Servers that are broken, each in its own way, and what a person would do on them as root."""

import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from provision import lab

from .lab import Command, provision

GOOD = "faults-good"
FAULTS = {
    "faults-noisy": "noisy_login",
    "faults-hangs": "hangs",
    "faults-hanging-login": "hanging_login",
    "faults-hanging-python": "hanging_python",
    "faults-session-cut": "session_cut",
    "faults-no-python": "no_python",
    "faults-old-python": "old_python",
    "faults-broken-python": "broken_python",
    "faults-var-lib-full": "var_lib_full",
    "faults-var-lib-read-only": "var_lib_read_only",
}
INVENTORY = Path(__file__).with_name("faults") / "inventory.ini"
ROLE = "nvidia_driver"
RECEIPT = f"/var/lib/provision/receipts/{ROLE}.json"
_SPEC = Path(__file__).with_name("faults") / "lab.yml"


def up() -> None:
    """Have the servers of this lab, fresh."""
    lab.down(spec_file=_SPEC)
    lab.up(spec_file=_SPEC)


def down() -> None:
    """Remove them."""
    lab.down(spec_file=_SPEC)


def faults(servers: Iterable[str], *, on: bool, fault: str | None = None) -> None:
    """Switch a fault of servers on or off, each server's own where none is named."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: lab.fault(name, fault or FAULTS[name], on=on, spec_file=_SPEC), servers))


def product(command: str, *arguments: str) -> Command:
    """Run `provision COMMAND …` on the fleet."""
    return provision(command, *arguments, inventory=INVENTORY)


def root(server: str, script: str) -> str:
    """Run a shell script as root on a server, whether or not a person could log in, and return what it says."""
    done = subprocess.run(
        ["docker", "exec", "--interactive", f"provision-lab-{server}", "sh", "-e", "-s"],
        input=script,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, f"{server}: {script}\n{done.stdout}\n{done.stderr}"
    return done.stdout
