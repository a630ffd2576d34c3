"""/sys/bus/pci/devices: the simulated devices, as lspci and everything else reads them."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, Iterable

import layout
import shadow

TREE = layout.TREE / "pci"
_DRIVERS = layout.TREE / "pci-drivers"
_BARS = {
    "gpu": (
        (0x42000000, 0x1000000, 0x40200),
        (0x38000000000, 0x2000000000, 0x14220C),
        (0x38400000000, 0x2000000, 0x14220C),
    ),
    "nvswitch": ((0x92000000, 0x2000000, 0x40200),),
    "hca": ((0x3A000000000, 0x2000000, 0x14220C),),
}
_NO_DRIVER = {"gpu": None, "nvswitch": None, "hca": "mlx5_core"}


def build(devices: list[dict[str, Any]]) -> None:
    """Write the tree for the devices of the description and show it in the kernel's place."""
    TREE.mkdir(parents=True, exist_ok=True)
    for number, device in enumerate(devices):
        add(device, number)
    shadow.copy(Path("/sys/bus/pci/drivers"), _DRIVERS)
    for driver in ("nvidia", "nouveau", "mlx5_core"):
        (_DRIVERS / driver).mkdir(exist_ok=True)
    shadow.bind(TREE, "/sys/bus/pci/devices")
    shadow.bind(_DRIVERS, "/sys/bus/pci/drivers")


def add(device: dict[str, Any], number: int) -> None:
    """Put a device on the bus."""
    ids = device["ids"]
    root = TREE / device["pci"]
    numa_node = 0 if int(device["pci"][5:7], 16) < 0x80 else 1
    for name in ("vendor", "device"):
        shadow.write(root / name, f"0x{ids[name]}\n")
    shadow.write(root / "subsystem_vendor", "0x{}\n".format(ids["subsystem_vendor"]))
    shadow.write(root / "subsystem_device", "0x{}\n".format(ids["subsystem"]))
    shadow.write(root / "class", "0x{}\n".format(ids["class"]))
    shadow.write(root / "revision", "0xa1\n")
    shadow.write(root / "irq", f"{16 + number}\n")
    shadow.write(root / "numa_node", f"{numa_node}\n")
    shadow.write(root / "enable", "1\n")
    shadow.write(root / "reset", "")
    shadow.write(root / "resource", _resource(device["kind"], number))
    shadow.write(root / "current_link_speed", "32.0 GT/s PCIe\n")
    shadow.write(root / "current_link_width", "16\n")
    shadow.write(root / "max_link_speed", "32.0 GT/s PCIe\n")
    shadow.write(root / "max_link_width", "16\n")
    shadow.write(root / "modalias", _modalias(ids))
    shadow.write(root / "uevent", "PCI_SLOT_NAME={}\nMODALIAS={}".format(device["pci"], _modalias(ids)))
    shadow.write(root / "vpd", device["vpd"])
    (root / "config").write_bytes(_config(ids, number))
    bind_driver(device["pci"], _NO_DRIVER[device["kind"]])


def allow_resets(addresses: Iterable[str], allowed: bool) -> None:
    """Show or hide that the kernel can reset devices."""
    for address in addresses:
        file = TREE / address / "reset"
        if allowed:
            shadow.write(file, "")
        elif file.exists():
            file.unlink()


def remove(address: str) -> None:
    """Take a device off the bus."""
    shadow.remove(TREE / address)


def bind_driver(address: str, driver: str | None) -> None:
    """Say which kernel driver holds a device; None for none."""
    link = TREE / address / "driver"
    if not (TREE / address).is_dir():
        return
    if link.is_symlink():
        link.unlink()
    if driver is not None:
        link.symlink_to("../../drivers/" + driver)


def _config(ids: dict[str, str], number: int) -> bytes:
    """Return the 256 bytes of configuration space that hold the same ids."""
    space = bytearray(256)
    kind = int(ids["class"], 16)
    struct.pack_into("<HHHH", space, 0, int(ids["vendor"], 16), int(ids["device"], 16), 0x0406, 0x0010)
    struct.pack_into("<BBH", space, 8, 0xA1, kind & 0xFF, kind >> 8)
    struct.pack_into("<HH", space, 0x2C, int(ids["subsystem_vendor"], 16), int(ids["subsystem"], 16))
    space[0x3C] = (16 + number) & 0xFF
    space[0x3D] = 1
    return bytes(space)


def _modalias(ids: dict[str, str]) -> str:
    kind = ids["class"].upper()
    return "pci:v0000{}d0000{}sv0000{}sd0000{}bc{}sc{}i{}\n".format(
        ids["vendor"].upper(),
        ids["device"].upper(),
        ids["subsystem_vendor"].upper(),
        ids["subsystem"].upper(),
        kind[0:2],
        kind[2:4],
        kind[4:6],
    )


def _resource(kind: str, number: int) -> str:
    bars = [
        (start + number * size, start + (number + 1) * size - 1, flags) for start, size, flags in _BARS[kind]
    ]
    bars += [(0, 0, 0)] * (13 - len(bars))
    return "".join("0x{:016x} 0x{:016x} 0x{:016x}\n".format(*bar) for bar in bars)
