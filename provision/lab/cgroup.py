"""The control groups that servers run in, and the ones that they leave behind.

A machine on cgroup v2 gives every server a namespace of its own and needs none of this. On cgroup v1, a
release that runs on v1 shares the machine's hierarchy, and one that needs v2 gets a directory of a v2
hierarchy that the lab mounts for it.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from provision.lab import programs
from provision.lab.machine import Machine
from provision.lab.spec import Server
from provision.lab.state import State

MACHINE = Path("/sys/fs/cgroup")


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


def forget(names: Iterable[str], state: State) -> None:
    """Remove the groups of servers that are gone, and those of containers that had run inside them."""
    if state.cgroup.is_mount():
        for name in names:
            _prune(state.cgroup / name)
    alive = set(programs.docker("ps", "--all", "--quiet", "--no-trunc").split())
    for parent in sorted(MACHINE.glob("*/docker")):
        for group in parent.iterdir():
            if re.fullmatch(r"[0-9a-f]{64}", group.name) and group.name not in alive:
                _prune(group)


def _prune(group: Path) -> None:
    """Remove a group and the groups below it; one that still has processes refuses, and stays."""
    if not group.is_dir():
        return
    for below in group.iterdir():
        if below.is_dir():
            _prune(below)
    with suppress(OSError):
        group.rmdir()
