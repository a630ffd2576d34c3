"""Roles that have to run because another one does: it undoes what they have done. Pure.

A driver that is exchanged takes MIG instances along, and the CDI specification names its files by version; MIG
instances are in the specification too. Known before anything runs, so that one run is enough.
"""

from dataclasses import replace

from provision.model.fleet import Host
from provision.model.observed import Observed
from provision.model.plan import Disruption, RolePlan, State
from provision.plan.disruption import disruptions, hit
from provision.plan.partitions import restored
from provision.plugins.module_utils.gpus.driver_selection import Wish
from provision.plugins.module_utils.receipts.reasons import Kind, Reason

DRIVER, MIG, TOOLKIT = "nvidia_driver", "nvidia_mig", "nvidia_container_toolkit"
_EXCHANGES = frozenset(
    (kind, variable)
    for kind in (Kind.VARIABLE, Kind.TEMPLATE)
    for variable in ("nvidia_driver_flavour", "nvidia_driver_source")
)
"""Kinds and subjects of reasons for which the driver is exchanged although its version stays."""
_UNCLEAR = frozenset({Kind.UNMEASURED, Kind.UNKNOWN})
"""Kinds of reasons that leave open what is repaired."""


def follow(planned: dict[str, RolePlan], host: Host, observed: Observed) -> None:
    """Add what follows from the roles that are going to run."""
    partitioned = host.desired.partitioned
    driver = planned.get(DRIVER)
    if driver is not None and _exchanges_driver(driver, host, observed):
        if _loses_partitions(host, observed):
            planned[DRIVER] = replace(driver, disruption=(*driver.disruption, Disruption.MIG_DESTROY))
        if partitioned:
            gone = Reason(
                Kind.FOLLOWS, DRIVER, "MIG instances go with the module that nvidia_driver exchanges"
            )
            _run_after(planned, MIG, gone, host, observed)
        stale = Reason(Kind.FOLLOWS, DRIVER, "CDI specification follows nvidia_driver")
        _run_after(planned, TOOLKIT, stale, host, observed)
    if partitioned and MIG in planned and planned[MIG].changes:
        stale = Reason(Kind.FOLLOWS, MIG, "CDI specification follows nvidia_mig")
        _run_after(planned, TOOLKIT, stale, host, observed)


def _run_after(
    planned: dict[str, RolePlan], role: str, reason: Reason, host: Host, observed: Observed
) -> None:
    """Have a role run for that reason, if it would not run for reasons of its own."""
    if role in planned and planned[role].state is State.CONVERGED:
        disruption = disruptions(role, (reason,), host.desired, observed)
        planned[role] = RolePlan(State.DRIFTED, (reason,), disruption, hit(disruption, observed.workloads))


def _exchanges_driver(driver: RolePlan, host: Host, observed: Observed) -> bool:
    """Tell whether a run of the driver's role ends with another driver than is there now, or may do so."""
    if not driver.changes:
        return False
    loaded, installed = observed.driver.loaded, observed.driver.installed
    wanted = host.desired.text("nvidia_driver_version")
    same = Wish(wanted).admits(loaded or installed or "") if wanted else driver.state is State.DRIFTED
    # An installed release of the wanted branch stays, and is loaded in place of the other one.
    unlike = loaded is not None and installed not in (None, loaded)
    return unlike or not same or any(_exchanges(reason) for reason in driver.reasons)


def _exchanges(reason: Reason) -> bool:
    return reason.kind in _UNCLEAR or (reason.kind, reason.subject) in _EXCHANGES


def _loses_partitions(host: Host, observed: Observed) -> bool:
    """Tell whether MIG devices go with the driver that nobody makes again."""
    snapshot = observed.partitions
    kept = restored(host, snapshot) if snapshot else ()
    return any(gpu.mig and gpu.pci not in kept for gpu in observed.gpus)
