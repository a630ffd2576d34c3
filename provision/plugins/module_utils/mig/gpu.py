"""One GPU as MIG sees it: what it offers, what it is, and what it should become. Pure values.

Words are those of NVIDIA's MIG user guide and of nvml.h. A GPU that is in MIG mode is a row of memory slices; a GPU
instance takes some of them, and its compute instances share its compute slices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Mapping, NamedTuple, Tuple

from .profiles import Placement, Profile, known


@dataclass(frozen=True)
class User:
    """Who uses a GPU or a GPU instance. `unit` is set where it is a service that this project may stop and start again.

    One that does not compute only holds the GPU's device file.
    """

    text: str
    unit: str = ""
    computes: bool = True

    @property
    def works(self) -> bool:
        """Tell whether this is somebody's work, which is never ended here."""
        return self.computes and not self.unit


@dataclass(frozen=True)
class GpuInstanceSpec:
    """One GPU instance that should exist; `compute_slices` are those of each of its compute instances."""

    profile: str
    compute_slices: Tuple[int, ...]


class PlacedInstance(NamedTuple):
    """What people see of a GPU instance: its placement, `4:4`, and its profile with how it is divided where it is."""

    placement: str
    profile: str

    def __str__(self) -> str:
        return "%s %s" % self


class Geometry(NamedTuple):
    """How one GPU is partitioned: MIG mode, and the instances in order of placements."""

    enabled: bool
    instances: Tuple[PlacedInstance, ...] = ()

    def lines(self) -> List[str]:
        """Write it: the mode, then an instance each."""
        return ["MIG %s" % ("enabled" if self.enabled else "disabled"), *map(str, self.instances)]


@dataclass(frozen=True)
class GpuInstance:
    """One GPU instance that exists."""

    identifier: int
    profile: str
    placement: Placement
    compute_slices: Tuple[int, ...]
    users: Tuple[User, ...] = ()

    @property
    def spec(self) -> GpuInstanceSpec:
        """Return what it is, wherever it lies."""
        return GpuInstanceSpec(self.profile, self.compute_slices)

    @property
    def placed(self) -> PlacedInstance:
        """Return what people see of it."""
        parts = "+".join("%dc" % slices for slices in self.compute_slices)
        # 3g.20gb with one compute instance of three slices is simply 3g.20gb.
        whole = parts == "%sc" % self.profile.split("g.")[0]
        profile = self.profile if whole else "%s (%s)" % (self.profile, parts or "empty")
        return PlacedInstance(str(self.placement), profile)

    @property
    def workers(self) -> Tuple[str, ...]:
        """Return who works on it: one in use is kept if possible, and never destroyed."""
        return tuple(user.text for user in self.users if user.works)


@dataclass(frozen=True)
class MigGpu:
    """One GPU as it is now, and the GPU instance profiles that it offers.

    `device` and `subsystem` are PCI ids as NVML writes them (`20b010de`). `enabled` and `pending` are MIG mode now and
    after the next reset. Where no driver told, `uuid` is the PCI address and there are no instances.
    """

    uuid: str
    pci: str
    device: str
    subsystem: str
    capable: bool
    profiles: Mapping[str, Profile]
    name: str = ""
    enabled: bool = False
    pending: bool = False
    needs_reset: bool = False
    """A change of MIG mode resets the GPU, so nothing may hold it."""
    resettable: bool = True
    """The host can reset the GPU on its own; where it cannot, as under pass-through, it takes a reboot."""
    instances: Tuple[GpuInstance, ...] = ()
    users: Tuple[User, ...] = ()
    """Who holds the GPU, users of its instances included."""

    @property
    def workers(self) -> Tuple[str, ...]:
        """Return who works on the GPU or on one of its instances."""
        return tuple(user.text for user in self.users if user.works)

    @property
    def holders(self) -> Tuple[str, ...]:
        """Return who holds the GPU and is not this project's to stop."""
        return tuple(user.text for user in self.users if not user.unit)

    @property
    def geometry(self) -> Geometry:
        """Return how it is partitioned now."""
        instances = sorted(self.instances, key=lambda each: each.placement)
        return Geometry(self.enabled, tuple(each.placed for each in instances))


@dataclass(frozen=True)
class Target:
    """What one GPU should become: MIG mode on or off, and its instances.

    `placements`, one an instance, say where they lay before a reboot; they count only while the GPU is empty.
    """

    enabled: bool
    instances: Tuple[GpuInstanceSpec, ...] = ()
    placements: Tuple[Placement, ...] = ()


def gpu_from_pci_ids(pci: str, device: str, subsystem: str, enabled: bool = False) -> MigGpu:
    """Return a GPU that no driver tells about yet: no instances, profiles of its model as far as they are known.

    `enabled` is the MIG mode that it was left in; only GPUs that are reset for a change of it keep it.
    """
    profiles = known(device)
    # Device ids of Ampere's boards with MIG begin with 20.
    needs_reset = device.startswith("20")
    return MigGpu(
        uuid=pci,
        pci=pci,
        device=device,
        subsystem=subsystem,
        capable=profiles is not None,
        profiles=profiles or {},
        enabled=enabled and needs_reset,
        pending=enabled and needs_reset,
        needs_reset=needs_reset,
    )
