"""How the GPUs of this host are partitioned now, who uses them, and what they could be.

Nothing is loaded, started or changed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Callable, List, Optional

from ..gpus.holders import Holders, look
from ..gpus.nvml import Nvml, NvmlError
from ..gpus.pci import can_reset, subsystem
from ..gpus.pci import gpus as gpus_on_bus
from ..host.machine import Machine
from .geometry import read_gpus
from .gpu import MigGpu, gpu_from_pci_ids
from .profiles import AMBIGUOUS, cannot, known
from .record import RECORD, Record, recorded
from .snapshot import Snapshot
from .users import GpuNames, GpuUsers, find


def take_snapshot(
    machine: Machine, library: Callable[[], Nvml] = Nvml, holders: Optional[Holders] = None
) -> Snapshot:
    """Return what the driver says of the GPUs, without one that answers what is known of their models.

    `holders` is who holds them, where that was asked already.
    """
    record = recorded(machine.read(RECORD) or "")
    if machine.exists("/sys/module/nvidia") and machine.exists("/dev/nvidiactl"):
        try:
            with library() as nvml:
                return replace(ask_driver(nvml, machine, holders), record=record)
        except (NvmlError, OSError, AttributeError):
            pass
    return forecast(machine, record)


def ask_driver(nvml: Nvml, machine: Machine, holders: Optional[Holders] = None) -> Snapshot:
    """Return the GPUs, and who uses them. Raises NvmlError."""
    names = []
    for index, device in enumerate(nvml.devices()):
        mode = nvml.mig_mode(device)
        devices = tuple(nvml.mig_devices(device)) if mode is not None and mode[0] else ()
        names.append(GpuNames(nvml.uuid(device), index, nvml.minor(device), devices))
    users = find(machine, names, holders or look(machine))
    return Snapshot(tuple(_on_host(machine, gpu, users.get(gpu.uuid, GpuUsers())) for gpu in read_gpus(nvml)))


def forecast(machine: Machine, record: Record) -> Snapshot:
    """Return what is known of the GPUs on the bus by their PCI ids; `record` is of the host's last layout."""
    former = record.by_address
    gpus: List[MigGpu] = []
    unknown: List[str] = []
    for pci, identifier in sorted(gpus_on_bus(machine).items()):
        device, card = _as_nvml(identifier), _as_nvml(subsystem(machine, pci))
        if device[:4] in AMBIGUOUS or (known(device) is None and not cannot(device)):
            unknown.append(pci)
        gpu = gpu_from_pci_ids(pci, device, card, pci in former and former[pci].enabled)
        gpus.append(replace(gpu, resettable=can_reset(machine, pci)))
    return Snapshot(tuple(gpus), driver=False, unknown=tuple(unknown), record=record)


def _on_host(machine: Machine, gpu: MigGpu, users: GpuUsers) -> MigGpu:
    """Return the GPU with what the library does not tell of it: its users, and whether it can be reset."""
    return replace(
        gpu,
        resettable=can_reset(machine, gpu.pci),
        users=users.gpu,
        instances=tuple(
            replace(instance, users=users.instances.get(instance.identifier, ()))
            for instance in gpu.instances
        ),
    )


def _as_nvml(identifier: str) -> str:
    """Return `10de:20b0` as NVML writes it: 20b010de."""
    vendor, _, device = identifier.partition(":")
    return device + vendor
