"""The description of this server, and the identities that follow from it."""

from __future__ import annotations

import hashlib
import json
import socket
from pathlib import Path
from typing import Any

import layout


def read() -> dict[str, Any]:
    """Return the description as written for this server."""
    return json.loads(layout.DESCRIPTION.read_text())


def faults() -> list[str]:
    """Return the names of the faults that stay on through a reboot."""
    return _lines(layout.FAULTS)


def set_fault(name: str, enabled: bool) -> None:
    """Switch a fault that stays on through a reboot."""
    names = [found for found in faults() if found != name] + ([name] if enabled else [])
    layout.PERSISTENT.mkdir(parents=True, exist_ok=True)
    layout.FAULTS.write_text("".join(found + "\n" for found in names))


def present_devices(description: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the devices that are on the bus."""
    devices = description["devices"]
    if "gpu_missing" in faults():
        missing = last_gpu(devices)
        devices = [device for device in devices if device is not missing]
    return devices


def last_gpu(devices: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the GPU with the highest address, on which faults of one GPU fall; None without GPUs."""
    return next((device for device in reversed(devices) if device["kind"] == "gpu"), None)


def identity(description: dict[str, Any], address: str) -> str:
    """Return 32 hex digits that belong to the part in a slot, and change when it is replaced."""
    seed = description["identity"] or socket.gethostname()
    generation = dict(line.split() for line in _lines(layout.GENERATIONS)).get(address, "0")
    return hashlib.sha256(f"{seed} {address} {generation}".encode()).hexdigest()[:32]


def replace_part(address: str) -> None:
    """Put another part of the same kind into a slot."""
    generations = dict(line.split() for line in _lines(layout.GENERATIONS))
    generations[address] = str(int(generations.get(address, "0")) + 1)
    layout.PERSISTENT.mkdir(parents=True, exist_ok=True)
    layout.GENERATIONS.write_text("".join("{} {}\n".format(*pair) for pair in sorted(generations.items())))


def gpu_uuid(digits: str) -> str:
    """Return the UUID of the GPU with this identity, in NVML's form."""
    return f"GPU-{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}"


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []
