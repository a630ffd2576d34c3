"""/sys/class with the InfiniBand adapters, and /sys/firmware with the state of Secure Boot."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Callable

import layout
import shadow

_CLASSES = layout.TREE / "class"
_FIRMWARE = layout.TREE / "firmware"
_SECURE_BOOT = "efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
_DYNAMIC = ("net",)
_CAPABILITIES = "0xa651e848\n"


def build_classes(
    devices: list[dict[str, Any]], models: dict[str, Any], identity_of: Callable[[str], str]
) -> None:
    """Show the HCAs as InfiniBand devices beside the classes that the kernel has."""
    hcas = [device for device in devices if device["kind"] == "hca"]
    if not hcas:
        return
    for entry in sorted(os.scandir("/sys/class"), key=lambda found: found.name):
        if entry.name in _DYNAMIC:
            (_CLASSES / entry.name).mkdir(parents=True, exist_ok=True)
        elif entry.name not in ("infiniband", "infiniband_mad"):
            shadow.copy(Path(entry.path), _CLASSES / entry.name)
    for number, device in enumerate(hcas):
        _adapter(number, device, models[device["model"]], identity_of(device["pci"]))
    shadow.write(_CLASSES / "infiniband_mad/abi_version", "5\n")
    # Interfaces come and go: this class stays the kernel's own.
    for name in _DYNAMIC:
        shadow.bind(Path("/sys/class") / name, _CLASSES / name)
    shadow.bind_all(_CLASSES, "/sys/class")


def _adapter(number: int, device: dict[str, Any], model: dict[str, Any], identity: str) -> None:
    guid = f"b8cef603{int(identity[:8], 16):08x}"
    root = _CLASSES / "infiniband" / f"mlx5_{number}"
    port = root / "ports/1"
    files = {
        root / "node_type": "1: CA\n",
        root / "hca_type": model["hca_type"] + "\n",
        root / "fw_ver": "{}\n".format(model["firmware"]),
        root / "hw_rev": "0\n",
        root / "node_guid": _guid(guid) + "\n",
        root / "sys_image_guid": _guid(guid) + "\n",
        root / "node_desc": f"{os.uname().nodename} mlx5_{number}\n",
        root / "board_id": model["board_id"] + "\n",
        port / "state": "4: ACTIVE\n",
        port / "phys_state": "5: LinkUp\n",
        port / "rate": model["rate"] + "\n",
        port / "lid": f"0x{number + 2:x}\n",
        port / "lid_mask_count": "0\n",
        port / "sm_lid": "0x1\n",
        port / "sm_sl": "0\n",
        port / "cap_mask": _CAPABILITIES,
        port / "link_layer": "InfiniBand\n",
        port / "pkeys/0": "0xffff\n",
        port / "gids/0": f"fe80:0000:0000:0000:{_guid(guid)}\n",
    }
    for path, text in files.items():
        shadow.write(path, text)
    (root / "device").symlink_to("../../../bus/pci/devices/" + device["pci"])
    umad = _CLASSES / "infiniband_mad" / f"umad{number}"
    shadow.write(umad / "ibdev", f"mlx5_{number}\n")
    shadow.write(umad / "port", "1\n")


def _guid(digits: str) -> str:
    return ":".join(digits[start : start + 4] for start in range(0, 16, 4))


def build_firmware() -> None:
    """Show the firmware directory with room for EFI variables."""
    if Path("/sys/firmware").is_dir():
        shadow.copy(Path("/sys/firmware"), _FIRMWARE)
    (_FIRMWARE / "efi/efivars").mkdir(parents=True, exist_ok=True)
    shadow.bind(_FIRMWARE, "/sys/firmware")


def set_secure_boot(enabled: bool) -> None:
    """Write the SecureBoot variable: four bytes of attributes, one of value."""
    (_FIRMWARE / _SECURE_BOOT).write_bytes(bytes([6, 0, 0, 0, 1 if enabled else 0]))
