"""Receipts on a host: where they are, how they are written, and which of them count.

Needs root.
"""

import json
import os
import stat
import time
from typing import Any, Dict, Mapping, Optional

from ..host.files import sync_folder, write_note

DIRECTORY = "/var/lib/provision/receipts"
SCHEMA = 1

_CLOCK_SKEW = 300.0
_LARGEST = 4 * 1024 * 1024


def receipt_path(role: str, directory: str = DIRECTORY) -> str:
    """Return the path of a role's receipt."""
    return os.path.join(directory, "{}.json".format(role))


def build(
    role: str,
    inputs: Optional[Mapping[str, Any]],
    resources: Mapping[str, Any],
    state: Mapping[str, Any],
) -> Dict[str, Any]:
    """Return a receipt. `state` is what `measure(resources)` found just now."""
    return {
        "schema": SCHEMA,
        "role": role,
        "written": time.time(),
        "inputs": inputs,
        "resources": resources,
        "state": state,
    }


def withdraw(role: str, directory: str = DIRECTORY) -> None:
    """Remove a role's receipt, for good: the removal is on disk before this returns. Raises OSError."""
    try:
        os.unlink(receipt_path(role, directory))
    except FileNotFoundError:
        return
    sync_folder(directory)


def write(receipt: Mapping[str, Any], directory: str = DIRECTORY) -> None:
    """Write a receipt in one step: a reader sees all of it or none of it. Raises OSError."""
    os.makedirs(os.path.dirname(directory), mode=0o755, exist_ok=True)
    os.makedirs(directory, mode=0o700, exist_ok=True)
    os.chmod(directory, 0o700)
    write_note(receipt_path(receipt["role"], directory), receipt)


def load(directory: str = DIRECTORY) -> Dict[str, Dict[str, Any]]:
    """Return the receipts that count, by role.

    A receipt that is corrupt, from the future (a newer schema, or a clock that was ahead), not a plain file,
    or that somebody else than root owns or may write, counts as none.
    """
    receipts: Dict[str, Dict[str, Any]] = {}
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return receipts
    for name in names:
        role, extension = os.path.splitext(name)
        if extension == ".json" and not name.startswith("."):
            receipt = _read(os.path.join(directory, name), role)
            if receipt is not None:
                receipts[role] = receipt
    return receipts


def _read(path: str, role: str) -> Optional[Dict[str, Any]]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        with os.fdopen(descriptor, "rb") as file:
            if not _is_trusted(os.fstat(file.fileno())):
                return None
            receipt = json.loads(file.read(_LARGEST).decode())
    except (OSError, ValueError, RecursionError):
        return None
    return receipt if _is_valid(receipt, role) else None


def _is_trusted(status: os.stat_result) -> bool:
    return (
        stat.S_ISREG(status.st_mode)
        and status.st_uid == 0
        and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    )


def _is_valid(receipt: object, role: str) -> bool:
    if not isinstance(receipt, dict) or receipt.get("schema") != SCHEMA or receipt.get("role") != role:
        return False
    written = receipt.get("written")
    if not isinstance(written, (int, float)) or written > time.time() + _CLOCK_SKEW:
        return False
    return all(isinstance(receipt.get(key), dict) for key in ("resources", "state")) and _are_inputs(
        receipt.get("inputs")
    )


def _are_inputs(inputs: object) -> bool:
    return (
        isinstance(inputs, dict)
        and isinstance(inputs.get("salt"), str)
        and isinstance(inputs.get("content"), str)
        and "everything" in inputs
        and isinstance(inputs.get("variables"), dict)
        and all(
            isinstance(entry, dict) and isinstance(entry.get("digest"), str)
            for entry in inputs["variables"].values()
        )
    )
