"""What would change on the fleet, and why. Pure values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from provision.model.observed import Workload
from provision.plugins.module_utils.mig.gpu import Geometry, PlacedInstance
from provision.plugins.module_utils.receipts.reasons import Reason


class State(StrEnum):
    """How a role stands on a host."""

    CONVERGED = "converged"
    ABSENT = "absent"
    INPUTS_CHANGED = "inputs_changed"
    DRIFTED = "drifted"
    UNSUPPORTED = "unsupported"


class Disruption(StrEnum):
    """What applying a role may do to work that runs on the host."""

    REBOOT = "reboot"
    DOCKER_RESTART = "docker_restart"
    GPU_RESET = "gpu_reset"
    MIG_DESTROY = "mig_destroy"


@dataclass(frozen=True)
class GpuChange:
    """What becomes of the MIG geometry of one GPU.

    `uuid` is known only while the driver is loaded. `stays` and `goes` are instances of `before`. `in_the_way`
    is who keeps it from happening, `stops` are the services of the driver that are stopped for it.
    """

    pci: str
    uuid: str | None
    before: Geometry
    after: Geometry
    stays: tuple[PlacedInstance, ...] = ()
    goes: tuple[PlacedInstance, ...] = ()
    in_the_way: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()

    @property
    def changes(self) -> bool:
        """Tell whether anything becomes of it."""
        return self.before != self.after or bool(self.goes)


@dataclass(frozen=True)
class RolePlan:
    """One role on one host: its state, why, and what running it could disrupt.

    `gpus` are the GPUs that a MIG layout names, and others that lose MIG devices in a reboot for it. `refusal`
    and `hint` say why the role would end before it changes anything, as far as that is known beforehand.
    """

    state: State
    reasons: tuple[Reason, ...] = ()
    disruption: tuple[Disruption, ...] = ()
    workloads: tuple[Workload, ...] = ()
    gpus: tuple[GpuChange, ...] = ()
    refusal: str | None = None
    hint: str | None = None

    @property
    def changes(self) -> bool:
        """Tell whether `up` would run the role."""
        return self.state in (State.ABSENT, State.INPUTS_CHANGED, State.DRIFTED)


@dataclass(frozen=True)
class HostPlan:
    """One host: its roles in the order in which they run, or why it has none.

    `skipped` says why the host needs nothing (it has no NVIDIA GPU); `error` and `hint` say why it could not
    be asked. At most one of the two is set, and then there are no roles.
    """

    name: str
    roles: Mapping[str, RolePlan] = field(default_factory=dict)
    skipped: str | None = None
    error: str | None = None
    hint: str | None = None

    @property
    def selected(self) -> tuple[str, ...]:
        """Return the roles that `up` would run."""
        return tuple(name for name, role in self.roles.items() if role.changes)


@dataclass(frozen=True)
class Prediction:
    """One task that would change something on one host.

    `subjects` are what it changes, files and packages by name, or the task itself where it does not tell.
    `diff` is empty where it does not tell either.
    """

    host: str
    role: str
    task: str
    subjects: tuple[str, ...]
    diff: str


@dataclass(frozen=True)
class Trouble:
    """A host on which check mode stopped: what `up` would do behind this point is not known."""

    host: str
    message: str
    hint: str


@dataclass(frozen=True)
class Predictions:
    """Every change that check mode predicts, in the order in which the hosts came to it."""

    changes: tuple[Prediction, ...]
    troubles: tuple[Trouble, ...]


@dataclass(frozen=True)
class Plan:
    """The hosts of the fleet, in its order; `predictions` where check mode was run as well."""

    hosts: Mapping[str, HostPlan]
    predictions: Predictions | None = None

    @property
    def selection(self) -> dict[str, list[str]]:
        """Return the roles to run, of the hosts that need any."""
        return {name: list(host.selected) for name, host in self.hosts.items() if host.selected}

    @property
    def unreachable(self) -> tuple[HostPlan, ...]:
        """Return the hosts that could not be asked."""
        return tuple(host for host in self.hosts.values() if host.error is not None)

    @property
    def exit_code(self) -> int:
        """Return 1 if a host could not be asked, else 3 if one is unsupported or will be refused, else 0."""
        if self.unreachable:
            return 1
        roles = [role for host in self.hosts.values() for role in host.roles.values()]
        return 3 if any(role.state is State.UNSUPPORTED or role.refusal for role in roles) else 0
