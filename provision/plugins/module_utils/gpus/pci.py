"""GPUs on the PCI bus, kernel modules, and CDI specifications.

Runs on hosts: Python 3.8, standard library only. Sources: sysfs's `bus/pci/devices` (vendor 0x10de is NVIDIA,
class 0x03 a display controller), `/sys/module`, `modinfo`, and the folders that CDI names for specifications.
"""

import os
import re
from typing import Any, Dict, List, Optional

from ..containers.cdi import FOLDERS, devices, digest, drivers, is_gpu_spec
from ..host.machine import Machine

_PCI = "/sys/bus/pci/devices"
_MODULE_FOLDERS = ("updates", "extra", "weak-updates", "kernel/drivers/video")
_COMPRESSIONS = ("", ".xz", ".zst", ".gz")


def gpus(machine: Machine) -> Dict[str, str]:
    """Return `{PCI address: "vendor:device"}` of every NVIDIA GPU on the bus, with or without a driver."""
    found = {}
    for address in machine.names(_PCI):
        folder = "{}/{}".format(_PCI, address)
        vendor = (machine.read(folder + "/vendor") or "").strip()
        if vendor == "0x10de" and (machine.read(folder + "/class") or "").startswith("0x03"):
            device = (machine.read(folder + "/device") or "").strip()
            found[address] = "{}:{}".format(vendor[2:], device[2:])
    return found


def identities(machine: Machine) -> Dict[str, str]:
    """Return the GPUs with the UUID of each that the driver knows: `{PCI address: "10de:2330 GPU-4d04e08e-..."}`.

    Another card of the same model in the same slot differs by its UUID alone.
    """
    return {
        address: " ".join([device, *_uuid(machine, address)]) for address, device in gpus(machine).items()
    }


def _uuid(machine: Machine, address: str) -> List[str]:
    # The driver writes question marks until it has initialised the GPU.
    text = machine.read("/proc/driver/nvidia/gpus/{}/information".format(address)) or ""
    return re.findall(r"^GPU UUID:\s*(GPU-[0-9a-f-]+)\s*$", text, re.MULTILINE)


def kernel_release(machine: Machine) -> str:
    """Return the running kernel's release."""
    return (machine.read("/proc/sys/kernel/osrelease") or "").strip() or os.uname().release


def kernel_module(machine: Machine, name: str) -> Dict[str, Optional[str]]:
    """Return the version of a module that is loaded, and the one installed for the running kernel.

    A module without a version of its own counts as `""`; None means that there is none.
    """
    return {"loaded": loaded_version(machine, name), "installed": installed_version(machine, name)}


def loaded_version(machine: Machine, name: str) -> Optional[str]:
    """Return the version of a loaded module, "" where it states none, None where it is not loaded."""
    if not machine.exists("/sys/module/{}".format(name)):
        return None
    return (machine.read("/sys/module/{}/version".format(name)) or "").strip()


def installed_version(machine: Machine, name: str) -> Optional[str]:
    """Return the version of the module file for the running kernel, None where there is no such file."""
    path = module_file(machine, name, kernel_release(machine))
    if path is None:
        return None
    code, output = machine.run(["modinfo", "-F", "version", machine.path(path)])
    return output.strip() if code == 0 else None


def module_file(machine: Machine, name: str, release: str) -> Optional[str]:
    """Return the path of the file that a kernel would load for a module, or None.

    `modules.dep` answers where it lists a file that is still there; otherwise the folders are searched in the
    kernel's own order of preference. Debian calls NVIDIA's module `nvidia-current.ko`.
    """
    base = "/lib/modules/{}".format(release)
    names = {
        "{}{}.ko{}".format(name, flavour, suffix) for flavour in ("", "-current") for suffix in _COMPRESSIONS
    }
    for line in (machine.read(base + "/modules.dep") or "").splitlines():
        path = line.split(":", 1)[0]
        if path.rsplit("/", 1)[-1] in names:
            full = path if path.startswith("/") else "{}/{}".format(base, path)
            if machine.exists(full):
                return full
    for folder in _MODULE_FOLDERS:
        for where, folders, files in os.walk(machine.path("{}/{}".format(base, folder))):
            folders.sort()
            for file in sorted(names.intersection(files)):
                return "/" + os.path.relpath(os.path.join(where, file), machine.root)
    return None


def cdi(machine: Machine) -> Dict[str, Any]:
    """Return what the CDI specifications of NVIDIA GPUs say: where they are, for which driver, which devices.

    `{"files": {path: digest}, "devices": [names], "drivers": [versions]}`. The digest does not depend on the
    order of lines: a specification that is generated again at boot has the same one.
    """
    files: Dict[str, str] = {}
    found: List[str] = []
    versions = set()
    for folder in FOLDERS:
        for name in machine.names(folder):
            text = machine.read("{}/{}".format(folder, name)) if name.endswith((".yaml", ".json")) else None
            if text is None or not is_gpu_spec(text):
                continue
            files["{}/{}".format(folder, name)] = digest(text)
            found.extend(devices(text))
            versions.update(drivers(text))
    return {"files": files, "devices": sorted(found), "drivers": sorted(versions)}
