"""Runs that are interrupted, in every phase and by every signal: what they leave, and what the next one does."""

import json
import signal
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from . import faults_lab
from .faults_lab import RECEIPT, ROLE, Running, product, start_playbook, start_up, wait_until
from .lab import inside

pytestmark = pytest.mark.e2e

HANGS = "faults-hangs"
STOPPED, KILLED, BY_HAND = "faults-noisy", "faults-no-python", "faults-old-python"
BARE = (STOPPED, KILLED, BY_HAND)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Yield a folder with a short name: SSH's sockets lie in it. The servers are there, and bare."""
    faults_lab.up((HANGS, *BARE))
    try:
        with tempfile.TemporaryDirectory(prefix="pf-") as directory:
            yield Path(directory)
    finally:
        faults_lab.down()


def test_in_the_middle_of_a_package_transaction(folder: Path) -> None:
    faults_lab.faults(BARE, on=True, fault="stuck_packages")
    stopped, killed = (start_up(server, folder / server) for server in (STOPPED, KILLED))
    by_hand = start_playbook(BY_HAND, folder / BY_HAND)
    for run in (stopped, killed, by_hand):
        wait_until(partial(stands_still, run.servers), f"{run.servers} unpacks packages")

    stopped.process.send_signal(signal.SIGINT)
    killed.process.kill()
    by_hand.process.terminate()
    said = stopped.end()
    assert stopped.process.returncode == 130, said
    assert f"{STOPPED}  interrupted during `install | " in said
    assert stopped.children() == []
    killed.end()
    by_hand.end()
    for run in (killed, by_hand):
        wait_until(partial(at_rest, run), f"the run on {run.servers} has ended", 30)
    for server in BARE:
        assert receipts(server) == "", "a receipt of a role that did not end"

    # The next runs begin while the package managers of the former ones still stand still.
    again = start_up(f"{STOPPED},{KILLED}", folder / "again")
    by_hand = start_playbook(BY_HAND, folder / BY_HAND)
    for _ in (STOPPED, KILLED):
        again.read_until(f"{ROLE}  begins")
    faults_lab.faults(BARE, on=False, fault="stuck_packages")
    again.read_until("Asking again: 2 hosts")
    again.process.send_signal(signal.SIGINT)
    said = again.end()
    assert again.process.returncode == 130, said
    assert f"{STOPPED}  interrupted before it was asked again" in said
    assert again.children() == []
    said = by_hand.end()
    assert by_hand.process.returncode == 0, by_hand.printed() + said
    for server in BARE:
        assert inside(server, "dpkg --audit") == ""
        assert json.loads(inside(server, f"cat {RECEIPT}"))["role"] == ROLE
    after = product("up", "--limit", ",".join(BARE), "--only", ROLE, "--json")
    assert after.code == 0, after
    assert {host["outcome"] for host in after.json["hosts"].values()} == {"converged"}, after


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_while_hosts_are_asked(folder: Path, number: signal.Signals) -> None:
    faults_lab.faults([HANGS], on=True)
    up = start_up(f"{STOPPED},{HANGS}", folder / number.name)
    up.read_until("Asking: 2 hosts")
    up.process.send_signal(number)
    said = up.end()
    assert up.process.returncode == 130, said
    assert said == "interrupted\n"
    assert up.children() == []
    assert not (up.folder / ".provision").exists()


def stands_still(server: str) -> bool:
    """Tell whether packages are unpacked and wait to be configured."""
    return inside(server, "ls /var/local/stands-still 2>/dev/null || true") != ""


def receipts(server: str) -> str:
    """Return the names of the receipts, half-written ones included."""
    return inside(server, "ls -A /var/lib/provision/receipts 2>/dev/null || true")


def at_rest(run: Running) -> bool:
    """Tell whether all of it has ended; a shared SSH connection does so a minute after its last use."""
    return all("[mux]" in command for command in run.children())
