"""Where a lab keeps what outlives its servers: keys, the served packages, process ids, one lock."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

NETWORK = "provision-lab"
SUBNET = "198.18.77.0/24"
"""Within 198.18.0.0/15, which RFC 2544 sets apart for tests of network equipment."""
GATEWAY = "198.18.77.1"
PORT = 8077
LABEL = "provision.lab"
"""Docker label of every container, image and network of a lab; on a container, the lab's name."""


@dataclass(frozen=True)
class State:
    """The paths below one directory of state."""

    root: Path

    @property
    def key(self) -> Path:
        """Private SSH key that every server accepts for `admin`."""
        return self.root / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        """Host keys of the servers that there are, in the form that `ssh` reads."""
        return self.root / "known_hosts"

    @property
    def repo_key(self) -> Path:
        """Public key that signs the lab's package repositories, armored."""
        return self.root / "repo-key.asc"

    @property
    def gnupg(self) -> Path:
        """GnuPG home with the private key of the package repositories."""
        return self.root / "gnupg"

    @property
    def www(self) -> Path:
        """What the web server serves."""
        return self.root / "www"

    @property
    def cgroup(self) -> Path:
        """Mount point of a cgroup v2 hierarchy, where the machine itself runs on v1."""
        return self.root / "cgroup"

    def server(self, name: str) -> Path:
        """Directory of one server: its host keys and the faults that are on."""
        return self.root / "servers" / name

    def inventory(self, lab: str) -> Path:
        """Inventory written for a lab file of one's own."""
        return self.root / "inventories" / f"{lab}.ini"


def default() -> State:
    """Return the state directory: `PROVISION_LAB_STATE`, or `~/.local/state/provision-lab`."""
    named = os.environ.get("PROVISION_LAB_STATE")
    return State(Path(named) if named else Path.home() / ".local/state/provision-lab")


@contextmanager
def locked(state: State) -> Iterator[None]:
    """Hold the lab for one command; a second waits until the first is done."""
    state.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (state.root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
