"""From what the inventory asks and what the probe found to a plan. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from provision.model.fleet import Fleet, Host
from provision.model.observed import HostProbe, Observed
from provision.model.plan import HostPlan, Plan, RolePlan, State
from provision.plan.disruption import disruptions, hit
from provision.plan.follow import follow
from provision.plan.partitions import with_partitions
from provision.plugins.module_utils.receipts import inputs as receipt_inputs
from provision.plugins.module_utils.receipts.reasons import Kind, Reason

NO_GPU = "no NVIDIA GPU on the PCI bus"


@dataclass(frozen=True)
class Source:
    """One role: the digest of its files and plugins, and its variables, each with whether it is secret."""

    content: str
    variables: Mapping[str, bool]


class Refusal(Protocol):
    """A combination that cannot work on a host, as `provision.compat` finds it."""

    @property
    def host(self) -> str:
        """Name of the host."""

    @property
    def message(self) -> str:
        """What does not fit."""


def build(
    fleet: Fleet,
    probes: Mapping[str, HostProbe],
    sources: Mapping[str, Source],
    full: bool = False,
    *,
    refusals: Iterable[Refusal] = (),
) -> Plan:
    """Return which of the roles in `sources` each host needs, and why.

    A role is converged only where its receipt counts, its inputs are those of now, and the host measures as
    it did then. `full` lets no receipt count. `refusals` make the driver unsupported on their hosts. The hosts
    have the files that their variables name.
    """
    refused: dict[str, list[str]] = {}
    for refusal in refusals:
        refused.setdefault(refusal.host, []).append(refusal.message)
    return Plan(
        {
            host.name: _host(host, probes[host.name], sources, full, refused.get(host.name, []))
            for host in fleet.hosts
        }
    )


def _host(
    host: Host,
    probe: HostProbe,
    sources: Mapping[str, Source],
    full: bool,
    refused: Sequence[str],
) -> HostPlan:
    observed = probe.observed
    if observed is None:
        return HostPlan(host.name, error=probe.error or "the probe gave no answer", hint=probe.hint)
    if not observed.gpus:
        return HostPlan(host.name, skipped=NO_GPU)
    planned = {role: _role(role, source, host, observed, full) for role, source in sources.items()}
    if refused and "nvidia_driver" in planned:
        reasons = tuple(Reason(Kind.UNSUPPORTED, "nvidia_driver", text) for text in refused)
        planned["nvidia_driver"] = RolePlan(State.UNSUPPORTED, reasons)
    follow(planned, host, observed)
    if "nvidia_mig" in planned and planned["nvidia_mig"].changes:
        role = planned["nvidia_mig"]
        planned["nvidia_mig"] = with_partitions(role, host, observed.partitions)
    return HostPlan(host.name, planned)


def _role(role: str, source: Source, host: Host, observed: Observed, full: bool) -> RolePlan:
    state, reasons = _state(role, source, host, observed, full)
    if state is State.CONVERGED:
        return RolePlan(state)
    disruption = disruptions(role, reasons, host.desired, observed)
    return RolePlan(state, reasons, disruption, hit(disruption, observed.workloads))


def _state(
    role: str, source: Source, host: Host, observed: Observed, full: bool
) -> tuple[State, tuple[Reason, ...]]:
    receipt = observed.receipts.get(role)
    if receipt is None:
        return State.ABSENT, (Reason(Kind.NEVER_APPLIED, role, _never_applied(role, observed)),)
    if full:
        return State.ABSENT, (Reason(Kind.FULL, role, "everything is asked for again (`--full`)"),)
    values = receipt_inputs.with_files(source.variables, host.variables, host.files.get)
    changed = receipt_inputs.differences(receipt.inputs, source.content, source.variables, values)
    if changed:
        return State.INPUTS_CHANGED, (*changed, *receipt.differences)
    if receipt.differences:
        return State.DRIFTED, receipt.differences
    return State.CONVERGED, ()


def _never_applied(role: str, observed: Observed) -> str:
    found = {
        "nvidia_driver": ("driver", observed.driver.loaded or observed.driver.installed),
        "docker_engine": ("Docker", observed.docker),
        "nvidia_container_toolkit": ("toolkit", observed.toolkit),
    }.get(role)
    if found is None or found[1] is None:
        return "not applied yet"
    return f"not applied yet, or not to the end (found: {found[0]} {found[1]})"
