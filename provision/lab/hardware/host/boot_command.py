"""Power-on: builds what the kernel and the buses of this server show, and loads the modules that udev would."""

from __future__ import annotations

from typing import Any

import class_tree
import description
import driver_tree
import kernel
import layout
import module_files
import module_tree
import pci_tree
import records
import state
from kernel_log import say
from state import State


def main() -> None:
    """Build everything once a boot."""
    if layout.STATE.exists():
        return
    described = description.read()
    layout.TREE.mkdir(parents=True, exist_ok=True)
    layout.RUN.chmod(0o755)
    devices = description.present_devices(described)
    pci_tree.build(devices)
    module_tree.build()
    driver_tree.build()
    class_tree.build_firmware()
    class_tree.build_classes(
        devices, described["hcas"], lambda address: description.identity(described, address)
    )
    if any(device["kind"] == "hca" for device in devices):
        for name in ("mlx5_core", "mlx5_ib", "ib_core", "ib_umad"):
            module_tree.add(name)
    with state.locked() as found:
        records.power_on(found, described)
        for name in description.faults():
            found.add("fault", name=name)
        if described["secure_boot"] and not found.fault("secure_boot"):
            found.add("fault", name="secure_boot")
        class_tree.set_secure_boot(found.fault("secure_boot"))
        if found.fault("mig_reset_blocked"):
            pci_tree.allow_resets(records.addresses(found), False)
        _load_modules(found, described)


def _load_modules(found: State, described: dict[str, Any]) -> None:
    """Load what udev would for the devices on the bus."""
    if not found.of("gpu"):
        return
    if described["nouveau_loaded"] or found.fault("nouveau_loaded"):
        blacklisted = module_files.blacklist("nouveau")
        if blacklisted is None or module_files.in_stale_initramfs(blacklisted):
            kernel.load(found, "nouveau")
    if found.fault("driver_not_loaded") or module_files.find("nvidia") is None:
        return
    try:
        kernel.load_with_companions(found, "nvidia")
    except kernel.Refused as answer:
        say(f"systemd-udevd: Failed to load module nvidia: {answer}")
