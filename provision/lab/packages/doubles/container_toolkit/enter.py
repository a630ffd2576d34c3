"""Work on a container that already exists: mounts and devices in its namespace, permission in its cgroup."""

from __future__ import annotations

import ctypes
import os
import stat
from pathlib import Path

from . import cgroups, device_filter
from .cdi import Edits
from .oci import Node

_CLONE_NEWNS = 0x00020000
_MS_RDONLY, _MS_REMOUNT, _MS_BIND = 1, 32, 4096

_libc = ctypes.CDLL(None, use_errno=True)


def give(pid: int, rootfs: Path, edits: Edits, nodes: list[Node], *, in_cgroup: bool) -> None:
    """Give mounts and devices to the container of `pid`, whose root is still at `rootfs`. Raises OSError."""
    if in_cgroup:
        _allow(pid, nodes)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            _in_namespace(pid, rootfs, edits, nodes)
            code = 0
        except OSError as error:
            os.write(2, f"nvidia-container-cli: mount error: {error}\n".encode())
        finally:
            os._exit(code)
    if os.waitpid(child, 0)[1] != 0:
        raise OSError("nvidia-container-cli failed")


def _in_namespace(pid: int, rootfs: Path, edits: Edits, nodes: list[Node]) -> None:
    descriptor = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY)
    _check(_libc.setns(descriptor, _CLONE_NEWNS), f"setns {pid}")
    for host, inside in edits.mounts:
        target = rootfs / inside.lstrip("/")
        source = Path(host).resolve()
        if source.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.touch()
        _mount(str(source), str(target), _MS_BIND)
        _mount(str(source), str(target), _MS_BIND | _MS_REMOUNT | _MS_RDONLY)
    for node in nodes:
        target = rootfs / node.path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        os.mknod(target, stat.S_IFCHR | node.mode, os.makedev(node.major, node.minor))
        target.chmod(node.mode)


def _allow(pid: int, nodes: list[Node]) -> None:
    """Allow the devices in the container's cgroup: a line a device on v1, a new program on v2.

    Neither is known to systemd: its next daemon-reload takes them away again where it owns the cgroup.
    """
    group = cgroups.device_group(
        Path(f"/proc/{pid}/cgroup").read_text(), Path("/proc/self/mountinfo").read_text()
    )
    if group.unified:
        device_filter.widen(group.directory, [(node.major, node.minor) for node in nodes])
        return
    for node in nodes:
        Path(group.directory, "devices.allow").write_text(f"c {node.major}:{node.minor} rw\n")


def _mount(source: str, target: str, options: int) -> None:
    _check(_libc.mount(source.encode(), target.encode(), None, options, None), f"mount {source} on {target}")


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
