"""Which GPUs a container was given, from what `docker inspect` tells of it.

There are four ways to ask for some: a device request (`--gpus`, or a CDI device), a device file, and, under NVIDIA's
runtime, the variable NVIDIA_VISIBLE_DEVICES, whose `void` and `none` ask for no GPU.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Set

ALL = "all"
_CDI = "nvidia.com/gpu="
_NONE = ("", "void", "none")


def has_gpu(container: Mapping[str, Any]) -> bool:
    """Tell whether a container was given GPUs."""
    host = container.get("HostConfig") or {}
    if any(_asks_for_gpu(request) for request in host.get("DeviceRequests") or []):
        return True
    if any("/dev/nvidia" in path for path in _device_files(host)):
        return True
    return host.get("Runtime") == "nvidia" and _visible(container) not in _NONE


def asked_for(container: Mapping[str, Any]) -> Set[str]:
    """Return the devices that a container was given, in its own words: indices, UUIDs, `all`, file names."""
    if not has_gpu(container):
        return set()
    host = container.get("HostConfig") or {}
    words: Set[str] = set()
    for request in host.get("DeviceRequests") or []:
        words.update(request.get("DeviceIDs") or [ALL])
    words.update(path.replace("/dev/", "", 1) for path in _device_files(host))
    visible = _visible(container)
    if visible not in _NONE:
        words.update(word.strip() for word in visible.split(","))
    return {word[len(_CDI) :] if word.startswith(_CDI) else word for word in words if word}


def _asks_for_gpu(request: Mapping[str, Any]) -> bool:
    words = [request.get("Driver") or "", *(request.get("DeviceIDs") or [])]
    words += [word for names in request.get("Capabilities") or [] for word in names]
    return any(word == "gpu" or "nvidia" in word for word in words)


def _device_files(host: Mapping[str, Any]) -> List[str]:
    return [device.get("PathOnHost") or "" for device in host.get("Devices") or []]


def _visible(container: Mapping[str, Any]) -> str:
    lines: List[str] = (container.get("Config") or {}).get("Env") or []
    variables: Dict[str, str] = dict(line.partition("=")[::2] for line in lines)
    return variables.get("NVIDIA_VISIBLE_DEVICES", "")
