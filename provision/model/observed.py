"""What a probe found on the hosts. Pure values; nothing here talks to a host."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from provision.plugins.module_utils.receipts.reasons import Reason

if TYPE_CHECKING:
    from provision.plugins.module_utils.mig.snapshot import Snapshot


@dataclass(frozen=True)
class Gpu:
    """One NVIDIA GPU on the PCI bus. `name`, `uuid` and `mig` are known only while its driver is loaded."""

    pci: str
    id: str
    name: str | None = None
    uuid: str | None = None
    mig: tuple[str, ...] = ()


@dataclass(frozen=True)
class Driver:
    """Versions of the kernel module: the loaded one, and the one installed for the running kernel."""

    loaded: str | None = None
    installed: str | None = None


@dataclass(frozen=True)
class Workload:
    """Something that uses a GPU and that a disruption would hit.

    `kind` is `container` or `process`; `subject` is the container's name, or the command and its pid. A
    process inside of a container is told as the container.
    """

    kind: str
    subject: str

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"


@dataclass(frozen=True)
class InfinibandPort:
    """One port of an InfiniBand device, in sysfs's words (`ACTIVE`, `400 Gb/sec (4X NDR)`)."""

    device: str
    port: str
    state: str
    rate: str


@dataclass(frozen=True)
class ReceiptState:
    """A receipt that counts: what went into the role, and how the host differs from what it measured."""

    inputs: Mapping[str, object]
    differences: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Observed:
    """One host as it is now.

    `os` is for people (`Debian 13`), `distribution` and `major` are os-release's ID and the first part of its
    VERSION_ID (`debian`, `13`). `receipts` has only receipts that count: one that is corrupt, from the future
    or not root's own is not here. `secure_boot` is None where the firmware does not say. `partitions` are asked
    for only where the inventory has a MIG layout.
    """

    os: str
    distribution: str
    major: str
    kernel: str
    architecture: str
    python: str
    gpus: tuple[Gpu, ...] = ()
    driver: Driver = Driver()
    nouveau_loaded: bool = False
    docker: str | None = None
    docker_running: bool = False
    toolkit: str | None = None
    secure_boot: bool | None = None
    workloads: tuple[Workload, ...] = ()
    infiniband: tuple[InfinibandPort, ...] = ()
    receipts: Mapping[str, ReceiptState] = field(default_factory=dict)
    partitions: "Snapshot | None" = None


@dataclass(frozen=True)
class HostProbe:
    """What became of the probe of one host: `observed`, or the `error` and the `hint` that cures it.

    `reachable` tells whether the host let us in; a host that did may still have failed to be measured.
    `seconds` is wall time.
    """

    name: str
    reachable: bool
    error: str | None = None
    hint: str | None = None
    observed: Observed | None = None
    seconds: float = 0.0
