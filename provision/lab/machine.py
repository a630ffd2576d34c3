"""Whether this machine can carry a lab, and what to do where it cannot."""

import os
import shutil
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from provision.errors import RunError

PROGRAMS: Mapping[str, str] = {
    "dockerd": "docker.io",
    "docker": "docker-cli",
    "iptables": "iptables",
    "mmdebstrap": "mmdebstrap",
    "gcc": "gcc",
    "gpg": "gnupg",
    "ssh-keygen": "openssh-client",
}
"""Program that the lab runs, and the Debian package that has it."""

FILES: Mapping[str, str] = {
    "/usr/include/stdio.h": "libc6-dev",
    "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",
}
"""File that the lab reads, and the Debian package that has it."""

CAPABILITIES: Mapping[str, int] = {
    "CHOWN": 0, "DAC_OVERRIDE": 1, "DAC_READ_SEARCH": 2, "FOWNER": 3, "FSETID": 4, "KILL": 5, "SETGID": 6,
    "SETUID": 7, "SETPCAP": 8, "LINUX_IMMUTABLE": 9, "NET_BIND_SERVICE": 10, "NET_BROADCAST": 11,
    "NET_ADMIN": 12, "NET_RAW": 13, "IPC_LOCK": 14, "IPC_OWNER": 15, "SYS_MODULE": 16, "SYS_RAWIO": 17,
    "SYS_CHROOT": 18, "SYS_PTRACE": 19, "SYS_PACCT": 20, "SYS_ADMIN": 21, "SYS_BOOT": 22, "SYS_NICE": 23,
    "SYS_RESOURCE": 24, "SYS_TIME": 25, "SYS_TTY_CONFIG": 26, "MKNOD": 27, "LEASE": 28, "AUDIT_WRITE": 29,
    "AUDIT_CONTROL": 30, "SETFCAP": 31, "MAC_OVERRIDE": 32, "MAC_ADMIN": 33, "SYSLOG": 34, "WAKE_ALARM": 35,
    "BLOCK_SUSPEND": 36, "AUDIT_READ": 37, "PERFMON": 38, "BPF": 39, "CHECKPOINT_RESTORE": 40,
}  # fmt: skip
"""Bit of each capability in the masks of /proc/PID/status (linux/capability.h)."""

UNKNOWN_BEFORE_23 = frozenset({"PERFMON", "BPF", "CHECKPOINT_RESTORE"})
"""Capabilities that Docker engines know from version 23 on."""

STATUS = Path("/proc/self/status")

NEEDED = ("SYS_ADMIN", "NET_ADMIN", "MKNOD", "SYS_CHROOT", "SYS_BOOT")
"""Without these no server starts, nests containers or reboots."""


@dataclass(frozen=True)
class Machine:
    """What a lab needs to know of the machine it is on."""

    kernel: str
    capabilities_to_drop: tuple[str, ...]
    """Those that a container must not be given, because the machine has not got them."""
    cgroup_v2: bool
    """True where /sys/fs/cgroup itself is the v2 hierarchy."""


def missing_capabilities(status: str) -> tuple[str, ...]:
    """Return the capabilities absent from the bounding set in the text of /proc/self/status."""
    bounding = next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapBnd:"))
    return tuple(name for name, bit in CAPABILITIES.items() if not bounding >> bit & 1)


def capabilities_to_drop(missing: Collection[str], engine: int) -> tuple[str, ...]:
    """Return what a container with all capabilities must be denied by a Docker engine of that major version.

    From 23 on "all" means what the machine has, and to drop what it has not is an error. Before, "all" means
    what the engine knows, and fails unless the rest is dropped.
    """
    return () if engine >= 23 else tuple(name for name in missing if name not in UNKNOWN_BEFORE_23)


def missing_packages(
    which: Callable[[str], object] = shutil.which, exists: Callable[[str], bool] = os.path.exists
) -> tuple[str, ...]:
    """Return the Debian packages whose programs or files are not there, each once, in order of name."""
    packages = {package for program, package in PROGRAMS.items() if not which(program)}
    packages |= {package for path, package in FILES.items() if not exists(path)}
    if "docker.io" in packages:
        # Up to Debian 12 it has the client in it, and no other package does.
        packages.discard("docker-cli")
    return tuple(sorted(packages))


def check(*, missing: Collection[str], packages: Collection[str]) -> None:
    """Refuse a machine that cannot carry a lab. Raises RunError with what to do."""
    lacking = [name for name in NEEDED if name in missing]
    if lacking:
        raise RunError(
            f"this machine does not grant {', '.join('CAP_' + name for name in lacking)}",
            hint="run the lab on a virtual machine or a bare one, not in an unprivileged container",
        )
    if packages:
        raise RunError(
            f"not installed: {', '.join(packages)}",
            hint=f"apt-get install --no-install-recommends {' '.join(packages)}",
        )


def require_root(user: int | None = None) -> None:
    """Refuse every user but root. Raises RunError."""
    if (os.geteuid() if user is None else user) != 0:
        raise RunError(
            "the lab needs root: its servers are containers with systemd inside", hint="run it with sudo"
        )


def refuse_unfit() -> None:
    """Refuse this machine if it cannot carry a lab. Raises RunError with what to do."""
    require_root()
    check(missing=missing_capabilities(STATUS.read_text()), packages=missing_packages())


def look(engine: int) -> Machine:
    """Look at this machine, whose Docker engine has that major version."""
    return Machine(
        kernel=os.uname().release,
        capabilities_to_drop=capabilities_to_drop(missing_capabilities(STATUS.read_text()), engine),
        cgroup_v2=Path("/sys/fs/cgroup/cgroup.controllers").exists(),
    )
