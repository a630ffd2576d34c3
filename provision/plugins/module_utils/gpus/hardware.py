"""What a host's GPUs are and which kernel modules drive them, before and after a driver is there.

Reads /sys, /proc, `modinfo` and `mokutil`, and never lsmod or `dkms status`: what is loaded and what would be loaded
is what counts.
"""

from __future__ import annotations

import os
import re
from typing import Any, Dict, List, Optional

from ..host.machine import Machine
from ..host.secure_boot import is_on
from ..packages.versions import compare_debian, newest_first
from . import boards
from .driver import kernel_release, loaded_version, module_file
from .holders import look, workloads
from .pci import functions, gpus

_MACHINE_OWNER_KEYS = ("/var/lib/shim-signed/mok/MOK.der", "/var/lib/dkms/mok.pub")
_RACK_SCALE = ("GB200", "GB300")


def survey(machine: Machine) -> Dict[str, Any]:
    """Return what module gpu_info documents."""
    found = gpus(machine)
    kernel = kernel_release(machine)
    described = [_gpu(pci, identifier) for pci, identifier in sorted(found.items())]
    return {
        "gpus": described,
        "nvswitches": nvswitches(machine),
        "nvlink5": has_nvlink5(machine),
        "rack_scale": any((each["name"] or "").startswith(_RACK_SCALE) for each in described),
        "kernel": kernel,
        "next_kernel": next_kernel(machine),
        "modules": {
            "needed": boards.modules_of(found.values()),
            "loaded": loaded(machine),
            "installed": installed(machine),
        },
        "nouveau_loaded": loaded_version(machine, "nouveau") is not None,
        "secure_boot": secure_boot(machine),
        "clients": workloads(look(machine)),
    }


def nvswitches(machine: Machine) -> List[str]:
    """Return the PCI addresses of NVIDIA's NVSwitches."""
    return [each.address for each in functions(machine) if each.is_bridge or boards.nvswitch(each.identifier)]


def has_nvlink5(machine: Machine) -> bool:
    """Tell whether the GPUs are joined by NVLink 5: its switches show as InfiniBand devices named SW_MNG."""
    folder = "/sys/class/infiniband"
    return any(
        b"SW_MNG" in (machine.read_bytes("%s/%s/device/vpd" % (folder, name), 4096) or b"")
        for name in machine.names(folder)
    )


def loaded(machine: Machine) -> Optional[Dict[str, str]]:
    """Return version and flavour of the loaded module, or None."""
    version = loaded_version(machine, "nvidia")
    if version is None:
        return None
    text = machine.read("/proc/driver/nvidia/version") or ""
    return {"version": version, "flavour": "open" if "Open Kernel Module" in text else "proprietary"}


def installed(machine: Machine) -> Dict[str, Dict[str, str]]:
    """Return version, flavour and signer of the module that each installed kernel would load."""
    found = {}
    for release in machine.names("/lib/modules"):
        path = module_file(machine, "nvidia", release)
        if path:
            fields = {name: _modinfo(machine, path, name) for name in ("version", "license", "signer")}
            flavour = "proprietary" if fields["license"].upper().startswith("NVIDIA") else "open"
            found[release] = {"version": fields["version"], "flavour": flavour, "signer": fields["signer"]}
    return found


def secure_boot(machine: Machine) -> Dict[str, bool]:
    """Return whether Secure Boot is on, and whether the key that signs modules built here is enrolled."""
    enabled = bool(is_on(machine))
    return {
        "enabled": enabled,
        "key_enrolled": enabled and any(_is_enrolled(machine, key) for key in _MACHINE_OWNER_KEYS),
    }


def next_kernel(machine: Machine) -> Optional[str]:
    """Return the release of the kernel that the next boot takes, as far as it can be known.

    Red Hat's grubby says it. Debian and Ubuntu boot the newest kernel; a host without kernels of its own (a
    container, a network boot) gives None.
    """
    code, output = machine.run(["grubby", "--default-kernel"])
    match = re.search(r"/vmlinuz-(\S+)", output) if code == 0 else None
    if match:
        return match.group(1)
    releases = [name[len("vmlinuz-") :] for name in machine.names("/boot") if name.startswith("vmlinuz-")]
    return newest_first(releases, compare_debian)[0] if releases else None


def _gpu(pci: str, identifier: str) -> Dict[str, Optional[str]]:
    known = boards.gpu(identifier)
    return {
        "pci": pci,
        "id": identifier,
        "name": known.name if known else None,
        "architecture": known.architecture if known else None,
        "modules": known.modules if known else None,
    }


def _modinfo(machine: Machine, path: str, field: str) -> str:
    code, output = machine.run(["modinfo", "-F", field, machine.path(path)])
    return output.strip().splitlines()[0] if code == 0 and output.strip() else ""


def _is_enrolled(machine: Machine, key: str) -> bool:
    if not os.path.exists(machine.path(key)):
        return False
    _, output = machine.run(["mokutil", "--test-key", machine.path(key)])
    return "already enrolled" in output
