"""Kernel limits that many servers on one kernel share."""

from pathlib import Path

_INOTIFY_INSTANCES = Path("/proc/sys/fs/inotify/max_user_instances")
# Each server's systemd, udev and path units take a few dozen; the kernel's default is 128 for all together.
_WANTED = 8192


def raise_limits(instances: Path = _INOTIFY_INSTANCES) -> None:
    """Allow more inotify instances, so that path units of servers start; never lowers a limit."""
    if int(instances.read_text()) < _WANTED:
        instances.write_text(str(_WANTED))
