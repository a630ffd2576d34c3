"""What applying a role could do to work that runs on the host. Pure.

An estimate on the safe side: what a role really needs is known only when it runs; then it asks for consent.
"""

from collections.abc import Sequence

from provision.model.desired import Desired
from provision.model.observed import Observed, Workload
from provision.model.plan import Disruption
from provision.plugins.module_utils.gpus import boards
from provision.plugins.module_utils.gpus.driver_selection import Wish
from provision.plugins.module_utils.receipts.reasons import Kind, Reason

_WITHOUT_DOCKER = frozenset({Kind.GROUPS, Kind.CDI, Kind.FOLLOWS})
"""Kinds of reasons whose repair leaves the engine alone; that of any other may restart it."""
_WITHOUT_PARTITIONS = frozenset({Kind.CONTENT, Kind.FILES, Kind.ABSENT, Kind.UNITS, Kind.FOLLOWS})
"""Kinds of reasons whose repair leaves the partitions of GPUs alone; that of any other may change them."""


def disruptions(
    role: str, reasons: Sequence[Reason], desired: Desired, observed: Observed
) -> tuple[Disruption, ...]:
    """Return what running the role for these reasons could disrupt."""
    if role == "nvidia_driver":
        return (Disruption.REBOOT,) if _reboots(desired, observed) else ()
    if role in ("docker_engine", "nvidia_container_toolkit"):
        restarts = any(reason.kind not in _WITHOUT_DOCKER for reason in reasons)
        return (Disruption.DOCKER_RESTART,) if observed.docker_running and restarts else ()
    if role == "nvidia_mig" and desired.partitioned:
        return _partitions(reasons, observed)
    return ()


def hit(disruption: Sequence[Disruption], workloads: Sequence[Workload]) -> tuple[Workload, ...]:
    """Return the workloads that these disruptions would end."""
    if not disruption:
        return ()
    if set(disruption) == {Disruption.DOCKER_RESTART}:
        return tuple(workload for workload in workloads if workload.kind == "container")
    return tuple(workloads)


def _partitions(reasons: Sequence[Reason], observed: Observed) -> tuple[Disruption, ...]:
    """Return what a change of partitions costs; instances that both layouts have stay, which is not known here."""
    if all(reason.kind in _WITHOUT_PARTITIONS for reason in reasons):
        return ()
    found = []
    if any(gpu.mig for gpu in observed.gpus):
        found.append(Disruption.MIG_DESTROY)
    whole = [boards.gpu(gpu.id) for gpu in observed.gpus if not gpu.mig]
    if any(gpu is not None and gpu.architecture == "Ampere" for gpu in whole):
        found.append(Disruption.GPU_RESET)
    return tuple(found)


def _reboots(desired: Desired, observed: Observed) -> bool:
    """Tell whether the running kernel must be left: nouveau holds the GPUs, or a module that is in use does.

    A module that nothing uses is exchanged without a reboot.
    """
    if observed.nouveau_loaded:
        return True
    loaded = observed.driver.loaded
    if loaded is None or not observed.workloads:
        return False
    wanted = desired.text("nvidia_driver_version")
    if not wanted or not Wish(wanted).admits(loaded):
        return True
    return observed.driver.installed not in (None, loaded)
