"""Servers as containers: created from an image, laid over with files, started, waited for, removed."""

import json
import socket
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from provision.errors import RunError
from provision.lab import cgroup, keys, programs
from provision.lab.hardware import Hardware, write_overlay
from provision.lab.images import USER
from provision.lab.machine import Machine
from provision.lab.overlay import Overlay
from provision.lab.spec import Server
from provision.lab.state import GATEWAY, LABEL, NETWORK, PORT, State

BOOT_SECONDS = 120
SITE_KERNEL = f"""\
Types: deb
URIs: http://{GATEWAY}:{PORT}/site-kernel/
Suites: ./
Signed-By: /usr/share/keyrings/site-kernel.asc
"""
"""The site's own repository, from which its servers have their kernel."""


@dataclass(frozen=True)
class Status:
    """A server as the Docker engine sees it."""

    name: str
    lab: str
    address: str
    state: str
    """running, paused, restarting, exited … in Docker's words; `absent` if there is none."""
    faults: tuple[str, ...]


def container(name: str) -> str:
    """Return the name of the container that is this server."""
    return f"{NETWORK}-{name}"


def create(server: Server, lab: str, image: str, machine: Machine, state: State) -> None:
    """Create and start a server; one of that name that is there already is replaced. Raises RunError."""
    remove([server.name], state)
    programs.docker(*create_arguments(server, lab, image, machine, cgroup.options(server, machine, state)))
    programs.docker("cp", "-", f"{container(server.name)}:/", stdin=_overlay(server, state))
    programs.docker("start", container(server.name))


def create_arguments(
    server: Server, lab: str, image: str, machine: Machine, cgroup_options: Sequence[str]
) -> list[str]:
    """Return the arguments of `docker` that create a server. Pure."""
    return [
        *("create", "--name", container(server.name), "--hostname", server.name, "--label", f"{LABEL}={lab}"),
        *("--label", f"{LABEL}.server={server.name}"),
        *("--network", NETWORK, "--ip", server.address, "--network-alias", server.name),
        # `reboot` inside ends the container; this is what switches it on again.
        *("--restart", "always", "--stop-signal", "SIGRTMIN+3"),
        *("--cap-add", "ALL", *(f"--cap-drop={name}" for name in machine.capabilities_to_drop)),
        *("--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"),
        *("--security-opt", "systempaths=unconfined", "--device-cgroup-rule", "a *:* rwm"),
        *("--tmpfs", "/run", "--tmpfs", "/run/lock", "--tmpfs", "/tmp:exec"),
        # Containers in containers need a file system that overlays can be stacked on.
        *("--volume", "/var/lib/docker", "--volume", "/var/lib/containerd"),
        *cgroup_options,
        image,
    ]


def wait(server: Server, say: Callable[[str], None]) -> None:
    """Wait until a server has booted and answers on its SSH port. Raises RunError with what does not."""
    name = container(server.name)
    deadline = time.monotonic() + BOOT_SECONDS
    while (booted := _boot_state(name)) not in ("running", "degraded") or not _ssh_answers(server.address):
        if time.monotonic() > deadline:
            raise RunError(
                f"{server.name} has not booted after {BOOT_SECONDS} s: {booted or 'systemd does not answer'}",
                hint=f"`docker logs {name}` and `docker exec {name} systemctl --failed` say more",
            )
        time.sleep(0.1)
    if booted == "degraded":
        failed = programs.docker("exec", name, "systemctl", "--failed", "--plain", "--no-legend")
        say(f"{server.name} is up, but failed: {', '.join(line.split()[0] for line in failed.splitlines())}")


def remove(names: Iterable[str], state: State) -> None:
    """Remove servers with all that was theirs; one that is not there is no error."""
    gone = [name for name in names if programs.docker_answers("inspect", container(name)) is not None]
    if gone:
        containers = [each for name in gone for each in cgroup.containers_of(container(name))]
        programs.docker("rm", "--force", "--volumes", *map(container, gone))
        cgroup.forget(gone, containers, state)
    for name in gone:
        (state.server(name) / "faults").unlink(missing_ok=True)
    keys.forget(gone, state)


def running(lab: str | None = None) -> list[str]:
    """Return the names of the servers that exist, of one lab or of all."""
    wanted = LABEL if lab is None else f"{LABEL}={lab}"
    listed = programs.docker(
        "ps", "--all", "--filter", f"label={wanted}", "--format", f'{{{{.Label "{LABEL}.server"}}}}'
    )
    return sorted(name for name in listed.split("\n") if name)


def statuses(servers: Iterable[Server], lab: str, state: State) -> list[Status]:
    """Return the status of servers, in order."""
    found = []
    for server in servers:
        answer = programs.docker_answers("inspect", container(server.name))
        state_word = json.loads(answer)[0]["State"]["Status"] if answer else "absent"
        found.append(Status(server.name, lab, server.address, state_word, active_faults(server.name, state)))
    return found


def active_faults(name: str, state: State) -> tuple[str, ...]:
    """Return the faults that were switched on at a server and not off again."""
    path = state.server(name) / "faults"
    return tuple(path.read_text().split()) if path.exists() else ()


def _overlay(server: Server, state: State) -> bytes:
    overlay = Overlay()
    with tempfile.TemporaryDirectory(prefix="provision-lab-") as directory:
        hardware = Path(directory) / "hardware"
        write_overlay(Hardware.from_mapping(server.hardware), hardware)
        overlay.add_tree(hardware)
    if server.files:
        overlay.add_tree(server.files)
    key = keys.host_key(server, state)
    public = key.with_name(key.name + ".pub").read_bytes()
    overlay.add_file("/etc/ssh/ssh_host_ed25519_key", key.read_bytes(), mode=0o600)
    overlay.add_file("/etc/ssh/ssh_host_ed25519_key.pub", public)
    authorized = state.key.with_name(state.key.name + ".pub").read_bytes()
    overlay.add_directory(f"/home/{USER}/.ssh", mode=0o700, owner=1000)
    overlay.add_file(f"/home/{USER}/.ssh/authorized_keys", authorized, mode=0o600, owner=1000)
    if state.repo_key.exists():
        overlay.add_file("/etc/apt/sources.list.d/site-kernel.sources", SITE_KERNEL.encode())
        for path in ("/usr/share/keyrings/site-kernel.asc", *server.keys):
            overlay.add_file(path, state.repo_key.read_bytes())
    return overlay.finish()


def _boot_state(name: str) -> str:
    """Return systemd's state once it is final; empty while systemd cannot be asked yet."""
    return programs.output(
        ("docker", "exec", name, "systemctl", "is-system-running", "--wait"), timeout=BOOT_SECONDS
    )


def _ssh_answers(address: str) -> bool:
    try:
        with socket.create_connection((address, 22), timeout=2) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False
