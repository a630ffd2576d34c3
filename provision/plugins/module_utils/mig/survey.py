"""How the GPUs of this host are partitioned now, who uses them, and what they could be.

Runs on hosts: Python 3.8, standard library only. Nothing is loaded, started or changed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Callable, List, Tuple

from ..gpus.nvml import Nvml, NvmlError
from ..gpus.pci import gpus as gpus_on_bus
from ..host.machine import Machine
from .geometry import read
from .plan import Gpu, bare
from .profiles import AMBIGUOUS, cannot, known
from .record import WANTED, modes
from .refusal import Usage
from .snapshot import Scene
from .users import Place, find


def scene(machine: Machine, library: Callable[[], Nvml] = Nvml) -> Scene:
    """Return what the driver says of the GPUs, without one that answers what is known of their models."""
    record = machine.read(WANTED) or ""
    if machine.exists("/sys/module/nvidia") and machine.exists("/dev/nvidiactl"):
        try:
            with library() as nvml:
                return replace(look(nvml, machine), record=record)
        except (NvmlError, OSError, AttributeError):
            pass
    return forecast(machine, record)


def look(nvml: Nvml, machine: Machine) -> Scene:
    """Return the GPUs, and who uses them. Raises NvmlError."""
    places = []
    for index, device in enumerate(nvml.devices()):
        mode = nvml.mig_mode(device)
        devices = tuple(nvml.mig_devices(device)) if mode is not None and mode[0] else ()
        places.append(Place(nvml.uuid(device), index, nvml.minor(device), devices))
    usage = find(machine, places)
    working = {
        key: tuple(user.text for user in users if not user.unit) for key, users in usage.instances.items()
    }
    gpus = (replace(gpu, resettable=_can_reset(machine, gpu.board.pci)) for gpu in read(nvml, working))
    return Scene(tuple(gpus), usage)


def forecast(machine: Machine, record: str) -> Scene:
    """Return what is known of the GPUs on the bus by their PCI ids; `record` is of the host's last layout."""
    enabled = modes(record)
    gpus: List[Gpu] = []
    unknown: List[str] = []
    for pci in sorted(gpus_on_bus(machine)):
        device, subsystem = _ids(machine, pci)
        if device[:4] in AMBIGUOUS or (known(device) is None and not cannot(device)):
            unknown.append(pci)
        gpu = bare(pci, device, subsystem, enabled.get(pci, False))
        gpus.append(replace(gpu, resettable=_can_reset(machine, pci)))
    return Scene(tuple(gpus), Usage({}, {}, {}), driver=False, unknown=tuple(unknown), record=record)


def _can_reset(machine: Machine, pci: str) -> bool:
    """Tell whether the kernel knows how to reset the device; a device that it does not show tells nothing."""
    folder = "/sys/bus/pci/devices/%s" % pci
    return machine.exists(folder + "/reset") or not machine.exists(folder)


def _ids(machine: Machine, pci: str) -> Tuple[str, str]:
    """Return device and subsystem of a GPU on the bus, as NVML writes them: 20b010de."""

    def half(name: str) -> str:
        return (machine.read("/sys/bus/pci/devices/%s/%s" % (pci, name)) or "").strip()[2:]

    return half("device") + half("vendor"), half("subsystem_device") + half("subsystem_vendor")
