"""Servers that are broken, each in its own way."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from provision import lab
from tests.processes import commands

from .lab import ROOT, Command, provision

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
_STDOUT = "stdout"


def up(servers: Sequence[str] = ()) -> None:
    """Have servers of this lab, all of them where none are named, fresh."""
    lab.down(spec_file=_SPEC)
    lab.up(servers, spec_file=_SPEC)


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


@dataclass
class Running:
    """A program at work on servers, with an inventory and a folder for temporary files of its own."""

    servers: str
    folder: Path
    process: "subprocess.Popen[str]"

    def read_until(self, words: str) -> None:
        """Read what it says on stderr up to a line with these words."""
        assert self.process.stderr is not None
        said = ""
        for line in self.process.stderr:
            said += line
            if words in line:
                return
        raise AssertionError(f"it ended with {self.process.wait()} and never said `{words}`: {said}")

    def end(self) -> str:
        """Wait until it has ended, and return what else it said on stderr."""
        assert self.process.stderr is not None
        with self.process.stderr as stream:
            said = stream.read()
        self.process.wait(timeout=60)
        return said

    def printed(self) -> str:
        """Return what it has said on stdout so far."""
        return (self.folder / _STDOUT).read_text()

    def children(self) -> list[str]:
        """Return, once it has ended, the commands of what it started and left: they name its folder."""
        return commands(str(self.folder))


def start_up(servers: str, folder: Path) -> Running:
    """Start `provision up` for the role on servers, separated by commas."""
    copy = _inventory(folder)
    return _start(servers, folder, "-m", "provision", "up", "-i", str(copy), "--limit", servers,
                  "--only", ROLE, "--no-verify")  # fmt: skip


def start_playbook(server: str, folder: Path) -> Running:
    """Start `ansible-playbook playbooks/site.yml` for the role, as a person does by hand."""
    copy = _inventory(folder)
    return _start(server, folder, "-m", "ansible", "playbook", "-i", str(copy), "--limit", server,
                  "--tags", ROLE, "playbooks/site.yml")  # fmt: skip


def _inventory(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return Path(shutil.copy(INVENTORY, folder))


def _start(servers: str, folder: Path, *arguments: str) -> Running:
    with (folder / _STDOUT).open("w") as stdout:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
        )
    return Running(servers, folder, process)


def wait_until(met: Callable[[], object], what: str, seconds: float = 600) -> None:
    """Wait for something that takes its time."""
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline, f"not after {seconds:.0f} s: {what}"
        time.sleep(0.2)
