"""Changes to a container's config.json, as the runtime makes them before it hands over to runc."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .cdi import Edits

_HOOK = "/usr/bin/nvidia-container-runtime-hook"
_MOUNT_OPTIONS = ["ro", "nosuid", "nodev", "rbind", "rprivate"]


@dataclass(frozen=True)
class Node:
    """A character device of this machine."""

    path: str
    major: int
    minor: int
    mode: int = 0o666
    uid: int = 0
    gid: int = 0


def node(path: str) -> Node:
    """Return what the device at `path` is. Raises OSError when there is none."""
    status = Path(path).stat()
    return Node(
        path=path,
        major=_major(status.st_rdev),
        minor=_minor(status.st_rdev),
        mode=stat.S_IMODE(status.st_mode),
        uid=status.st_uid,
        gid=status.st_gid,
    )


def environment(config: dict[str, Any]) -> list[str]:
    """Return the container's environment, NAME=VALUE each."""
    return list((config.get("process") or {}).get("env") or [])


def is_privileged(config: dict[str, Any]) -> bool:
    """Tell whether the container may do what root on the host may: it has CAP_SYS_ADMIN."""
    capabilities = (config.get("process") or {}).get("capabilities") or {}
    return "CAP_SYS_ADMIN" in (capabilities.get("bounding") or [])


def without_hook(config: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration without the hook that `docker run --gpus` adds: the runtime does its work."""
    hooks = dict(config.get("hooks") or {})
    for stage in ("prestart", "createRuntime"):
        if stage in hooks:
            hooks[stage] = [hook for hook in hooks[stage] if Path(hook["path"]).name != Path(_HOOK).name]
    return {**config, "hooks": hooks} if hooks else config


def with_hook(config: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration with the hook once, first of all."""
    rest = without_hook(config)
    hooks = dict(rest.get("hooks") or {})
    hooks["prestart"] = [{"path": _HOOK, "args": [_HOOK, "prestart"]}, *hooks.get("prestart", [])]
    return {**rest, "hooks": hooks}


def with_edits(config: dict[str, Any], edits: Edits, nodes: list[Node]) -> dict[str, Any]:
    """Return the configuration with devices (`nodes` describes edits.nodes), mounts and environment added."""
    linux = dict(config.get("linux") or {})
    resources = dict(linux.get("resources") or {})
    present = {device["path"] for device in linux.get("devices") or []}
    linux["devices"] = [
        *(linux.get("devices") or []),
        *(_device(entry) for entry in nodes if entry.path not in present),
    ]
    resources["devices"] = [
        *(resources.get("devices") or []),
        *(
            {"allow": True, "type": "c", "major": entry.major, "minor": entry.minor, "access": "rwm"}
            for entry in nodes
        ),
    ]
    linux["resources"] = resources
    mounted = {mount["destination"] for mount in config.get("mounts") or []}
    mounts = [
        {"destination": inside, "source": host, "type": "bind", "options": _MOUNT_OPTIONS}
        for host, inside in edits.mounts
        if inside not in mounted
    ]
    process = dict(config.get("process") or {})
    replaced = {entry.partition("=")[0] for entry in edits.env}
    kept = [entry for entry in environment(config) if entry.partition("=")[0] not in replaced]
    process["env"] = kept + list(edits.env)
    return {
        **config,
        "process": process,
        "linux": linux,
        "mounts": [*(config.get("mounts") or []), *mounts],
    }


def _device(entry: Node) -> dict[str, Any]:
    return {
        "path": entry.path,
        "type": "c",
        "major": entry.major,
        "minor": entry.minor,
        "fileMode": entry.mode,
        "uid": entry.uid,
        "gid": entry.gid,
    }


def _major(device: int) -> int:
    return ((device >> 8) & 0xFFF) | ((device >> 32) & ~0xFFF)


def _minor(device: int) -> int:
    return (device & 0xFF) | ((device >> 12) & ~0xFF)
