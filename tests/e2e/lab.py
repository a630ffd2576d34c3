"""Drives the product and the lab as a person does: by their commands, from outside."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
INVENTORY = ROOT / "inventory" / "lab.ini"
STATE = Path.home() / ".local/state/provision-lab"
ADDRESSES = {
    "hgx01": "198.18.77.11",
    "a100-01": "198.18.77.12",
    "v100-01": "198.18.77.13",
    "cpu01": "198.18.77.14",
}
SERVERS = tuple(ADDRESSES)
GPU_SERVERS = SERVERS[:3]
_LONGEST = 900


@dataclass(frozen=True)
class Command:
    """How a command ended."""

    argv: tuple[str, ...]
    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - it is whatever the command printed
        """Parse what was printed; a failure shows both streams."""
        try:
            return json.loads(self.stdout)
        except ValueError as error:
            raise AssertionError(str(self)) from error

    def __str__(self) -> str:
        """Show everything, as evidence in a failing test."""
        return f"{' '.join(self.argv)}\nexit {self.code}\n{self.stdout}\n{self.stderr}"


def run(
    *argv: str | Path, cwd: Path = ROOT, env: Mapping[str, str] | None = None, timeout: int = _LONGEST
) -> Command:
    """Run a program to its end."""
    words = tuple(str(word) for word in argv)
    done = subprocess.run(
        words,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return Command(words, done.returncode, done.stdout, done.stderr)


def provision(command: str, *arguments: str | Path, inventory: Path = INVENTORY, cwd: Path = ROOT) -> Command:
    """Run `provision COMMAND -i INVENTORY …`."""
    return run(sys.executable, "-m", "provision", command, "-i", inventory, *arguments, cwd=cwd)


def lab(*arguments: str) -> Command:
    """Run `provision lab …`, which must work."""
    done = run(sys.executable, "-m", "provision", "lab", *arguments)
    assert done.code == 0, done
    return done


def remote(server: str, command: str, *, check: bool = True) -> str:
    """Run a shell line as root on a server, over the SSH that a user has."""
    done = run(
        *(
            "ssh",
            "-F",
            "none",
            "-i",
            STATE / "id_ed25519",
            "-o",
            f"UserKnownHostsFile={STATE / 'known_hosts'}",
        ),
        *("-o", "BatchMode=yes", f"admin@{ADDRESSES[server]}", "sudo", "sh", "-c", f"'{command}'"),
    )
    assert not check or done.code == 0, done
    return done.stdout


def inside(server: str, script: str) -> str:
    """Run a shell script as root on a server, whether or not a person could log in, and return what it prints."""
    done = subprocess.run(
        ["docker", "exec", "--interactive", f"provision-lab-{server}", "sh", "-e", "-s"],
        input=script,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{server}: {script}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def provisioned(up: Command) -> str:
    """Say which host did not come up, and why."""
    hosts = up.json["hosts"] if up.stdout else {}
    told = [f"{name}: {host['outcome']} {host['error'] or ''}" for name, host in hosts.items()]
    return "\n".join([*told, up.stderr])
