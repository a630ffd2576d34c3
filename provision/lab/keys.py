"""SSH keys of a lab: one that every server accepts, and one by which each server is known."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from provision.lab import programs
from provision.lab.spec import Server
from provision.lab.state import State


def ensure(state: State) -> None:
    """Generate the key that the servers accept, once."""
    if not state.key.exists():
        _generate(state.key, "provision-lab")


def host_key(server: Server, state: State) -> Path:
    """Return the private host key of a server; generated once, so that a server keeps its identity.

    It takes its address from whichever server had it before.
    """
    path = state.server(server.name) / "ssh_host_ed25519_key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _generate(path, server.name)
    forget((name for name, address in _addresses(state).items() if address == server.address), state)
    (path.parent / "address").write_text(server.address + "\n")
    return path


def forget(names: Iterable[str], state: State) -> None:
    """Take servers out of the next file of known hosts. Their keys are kept for when they come back."""
    for name in names:
        (state.server(name) / "address").unlink(missing_ok=True)


def write_known_hosts(state: State) -> None:
    """Write the file of known hosts from the keys that were generated, never from what answers."""
    lines = []
    for name, address in _addresses(state).items():
        kind, key = (state.server(name) / "ssh_host_ed25519_key.pub").read_text().split()[:2]
        lines.append(f"{name},{address} {kind} {key}\n")
    fresh = state.known_hosts.with_suffix(f".{os.getpid()}")
    fresh.write_text("".join(lines))
    fresh.replace(state.known_hosts)


def _addresses(state: State) -> dict[str, str]:
    """Return the addresses of the servers that have one, by name."""
    found = {}
    for path in sorted(state.root.glob("servers/*/address")):
        with suppress(FileNotFoundError):  # several servers are made and removed at a time
            found[path.parent.name] = path.read_text().strip()
    return found


def _generate(path: Path, comment: str) -> None:
    programs.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)))
