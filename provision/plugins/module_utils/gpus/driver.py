"""What the kernel and the NVIDIA driver say: modules that are loaded and installed, and the GPUs they drive.

Sources: `/sys/module`, `/lib/modules`, `modinfo`, `/proc/driver/nvidia`.
"""

import os
import re
from typing import Dict, NamedTuple, Optional

from ..host.machine import Machine

_MODULE_FOLDERS = ("updates", "extra", "weak-updates", "kernel/drivers/video")
_COMPRESSIONS = ("", ".xz", ".zst", ".gz")


class Information(NamedTuple):
    """What the driver writes of a GPU: its model, its UUID, and N of its device file /dev/nvidiaN."""

    name: Optional[str]
    uuid: Optional[str]
    minor: Optional[str]


def information(machine: Machine, address: str) -> Information:
    """Return what the driver says of the GPU at a PCI address; None for what it does not say."""
    text = machine.read("/proc/driver/nvidia/gpus/{}/information".format(address)) or ""
    fields = dict(re.findall(r"^([^:\n]+):[ \t]*(.*?)[ \t]*$", text, re.MULTILINE))
    uuid = fields.get("GPU UUID", "")
    # The driver writes question marks until it has initialised the GPU.
    known = re.match(r"GPU-[0-9a-f-]+\Z", uuid)
    return Information(fields.get("Model"), uuid if known else None, fields.get("Device Minor"))


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
