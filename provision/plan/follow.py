"""Roles that have to run because another one does: it undoes what they have done. Pure.

A driver that is exchanged takes MIG instances along, and the CDI specification names its files by version; MIG
instances are in the specification too. Known before anything runs, so that one run is enough.
"""

from dataclasses import replace

from provision.model.fleet import Host
from provision.model.observed import Observed
from provision.model.plan import Disruption, RolePlan, State
from provision.plan.disruption import disruptions, hit, is_version
from provision.plan.partitions import restored
from provision.plugins.module_utils.receipts.inputs import has_template

DRIVER, MIG, TOOLKIT = "nvidia_driver", "nvidia_mig", "nvidia_container_toolkit"
_EXCHANGES = ("nvidia_driver_flavour", "nvidia_driver_source")
"""Beginnings of reasons for which the driver is exchanged although its version stays."""


def follow(planned: dict[str, RolePlan], host: Host, observed: Observed) -> None:
    """Add what follows from the roles that are going to run."""
    partitioned = bool(host.variables.get("nvidia_mig_layout"))
    driver = planned.get(DRIVER)
    if driver is not None and _exchanges_driver(driver, host, observed):
        if _loses_partitions(host, observed):
            planned[DRIVER] = replace(driver, disruption=(*driver.disruption, Disruption.MIG_DESTROY))
        if partitioned:
            _run_after(
                planned, MIG, "MIG instances go with the module that nvidia_driver exchanges", host, observed
            )
        _run_after(planned, TOOLKIT, "CDI specification follows nvidia_driver", host, observed)
    if partitioned and MIG in planned and planned[MIG].changes:
        _run_after(planned, TOOLKIT, "CDI specification follows nvidia_mig", host, observed)


def _run_after(planned: dict[str, RolePlan], role: str, reason: str, host: Host, observed: Observed) -> None:
    """Have a role run for that reason, if it would not run for reasons of its own."""
    if role in planned and planned[role].state is State.CONVERGED:
        disruption = disruptions(role, (reason,), host.variables, observed)
        planned[role] = RolePlan(State.DRIFTED, (reason,), disruption, hit(disruption, observed.workloads))


def _exchanges_driver(driver: RolePlan, host: Host, observed: Observed) -> bool:
    """Tell whether a run of the driver's role ends with another driver than is there now, or may do so."""
    if not driver.changes:
        return False
    loaded, installed = observed.driver.loaded, observed.driver.installed
    wanted = host.variables.get("nvidia_driver_version")
    if wanted is None or has_template(wanted):
        same = driver.state is State.DRIFTED
    else:
        same = is_version(loaded or installed or "", str(wanted))
    # An installed release of the wanted branch stays, and is loaded in place of the other one.
    unlike = loaded is not None and installed not in (None, loaded)
    return unlike or not same or any(reason.startswith(_EXCHANGES) for reason in driver.reasons)


def _loses_partitions(host: Host, observed: Observed) -> bool:
    """Tell whether MIG devices go with the driver that nobody makes again."""
    scene = observed.partitions
    kept = restored(host, scene) if scene else ()
    return any(gpu.mig and gpu.pci not in kept for gpu in observed.gpus)
