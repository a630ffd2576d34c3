"""SSH keys of a lab: one that every server accepts, and one by which each server is known."""

import os
from pathlib import Path

from provision.lab import programs
from provision.lab.spec import Server
from provision.lab.state import State


def ensure(state: State) -> None:
    """Generate the key that the servers accept, once."""
    if not state.key.exists():
        _generate(state.key, "provision-lab")


def host_key(server: Server, state: State) -> Path:
    """Return the private host key of a server; generated once, so that a server keeps its identity."""
    path = state.server(server.name) / "ssh_host_ed25519_key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _generate(path, server.name)
    (path.parent / "address").write_text(server.address + "\n")
    return path


def write_known_hosts(state: State) -> None:
    """Write the file of known hosts from the keys that were generated, never from what answers."""
    lines = []
    for directory in sorted((state.root / "servers").iterdir()):
        public = directory / "ssh_host_ed25519_key.pub"
        if public.exists():
            kind, key = public.read_text().split()[:2]
            address = (directory / "address").read_text().strip()
            lines.append(f"{directory.name},{address} {kind} {key}\n")
    fresh = state.known_hosts.with_suffix(f".{os.getpid()}")
    fresh.write_text("".join(lines))
    fresh.replace(state.known_hosts)


def _generate(path: Path, comment: str) -> None:
    programs.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)))
