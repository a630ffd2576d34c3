"""Where the cgroup of a process is mounted here, on v1 and on v2."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True)
class DeviceGroup:
    """The directory of the cgroup that decides about a process's devices; `unified` on cgroup v2."""

    directory: str
    unified: bool


def device_group(membership: str, mountinfo: str) -> DeviceGroup:
    """Return the group, from the texts of /proc/PID/cgroup and /proc/self/mountinfo.

    A controller is where it is mounted, whatever else the process is a member of. The mount may show a part
    of the hierarchy. Raises LookupError where neither version is mounted.
    """
    paths = {}
    for line in membership.splitlines():
        _, controllers, path = line.split(":", 2)
        paths.update(dict.fromkeys(controllers.split(","), path))
    for line in mountinfo.splitlines():
        fields, _, described = line.partition(" - ")
        _, _, _, root, point, *_ = fields.split()
        kind, _, options = described.split(" ", 2)
        if kind == "cgroup" and "devices" in options.split(",") and "devices" in paths:
            return DeviceGroup(_below(point, root, paths["devices"]), unified=False)
        if kind == "cgroup2" and point == "/sys/fs/cgroup" and "" in paths:
            return DeviceGroup(_below(point, root, paths[""]), unified=True)
    raise LookupError("no cgroup of devices is mounted")


def _below(point: str, root: str, path: str) -> str:
    inner = PurePosixPath(path)
    if inner.is_relative_to(root):
        inner = inner.relative_to(root)
    return str(PurePosixPath(point, str(inner).lstrip("/")))
