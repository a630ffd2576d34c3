"""The control groups that servers run in, and the ones that they leave behind.

A machine on cgroup v2 gives every server a namespace of its own and needs none of this. On cgroup v1, a
release that runs on v1 shares the machine's hierarchy, and one that needs v2 gets a directory of a v2
hierarchy that the lab mounts for it.
"""

import json
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from provision.lab import programs
from provision.lab.machine import Machine
from provision.lab.spec import Server
from provision.lab.state import State

MACHINE = Path("/sys/fs/cgroup")
RELEASE_SECONDS = 3


def options(server: Server, machine: Machine, state: State) -> list[str]:
    """Prepare the control group of a server; return the options of `docker create` that go with it."""
    if machine.cgroup_v2:
        return ["--cgroupns", "private"]
    if server.image.cgroup == 1:
        return ["--cgroupns", "host", "--volume", f"{MACHINE}:/sys/fs/cgroup:rw"]
    own = state.cgroup / server.name
    _prune(own)
    own.mkdir(exist_ok=True)
    return ["--cgroupns", "host", "--volume", f"{own}:/sys/fs/cgroup:rw"]


def mount(machine: Machine, state: State) -> None:
    """Mount the v2 hierarchy where the machine has none in use."""
    if machine.cgroup_v2 or state.cgroup.is_mount():
        return
    state.cgroup.mkdir(parents=True, exist_ok=True)
    programs.run(("mount", "-t", "cgroup2", "none", str(state.cgroup)))


def unmount(state: State) -> None:
    """Remove what `mount` made."""
    if state.cgroup.is_mount():
        programs.run(("umount", str(state.cgroup)))
    if state.cgroup.is_dir():
        state.cgroup.rmdir()


def containers_of(container: str) -> list[str]:
    """Return the ids of a server's container and of those that its own Docker engine keeps."""
    details = json.loads(programs.docker("inspect", container))[0]
    found = [str(details["Id"])]
    for volume in details["Mounts"]:
        if volume["Destination"] == "/var/lib/docker":
            found += [path.name for path in Path(volume["Source"]).glob("containers/*")]
    return found


def forget(names: Iterable[str], containers: Iterable[str], state: State) -> None:
    """Remove the groups of servers that are gone and of the containers (ids) that ran as them and in them.

    A process that was killed may hold its group for a moment longer.
    """
    groups = [group for each in containers for group in MACHINE.glob(f"*/docker/{each}")]
    if state.cgroup.is_mount():
        groups += [state.cgroup / name for name in names]
    deadline = time.monotonic() + RELEASE_SECONDS
    while groups and time.monotonic() < deadline:
        for group in groups:
            _prune(group)
        groups = [group for group in groups if group.is_dir()]
        if groups:
            time.sleep(0.05)


def _prune(group: Path) -> None:
    """Remove a group and the groups below it; one that still has processes refuses, and stays."""
    if not group.is_dir():
        return
    for below in group.iterdir():
        if below.is_dir():
            _prune(below)
    with suppress(OSError):
        group.rmdir()
