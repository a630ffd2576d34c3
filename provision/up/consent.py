"""What a person is asked about before it is done."""

from collections.abc import Iterator

from provision.model.plan import Disruption, Plan, RolePlan

_ALWAYS_ASKED = frozenset({Disruption.REBOOT, Disruption.GPU_RESET, Disruption.MIG_DESTROY})


def to_ask(plan: Plan) -> Iterator[tuple[str, str, RolePlan]]:
    """Yield host, role and its plan wherever work would be hit, or the host disturbed although nobody works.

    Whether a disruption is allowed at all is for the `<role>_allow_...` variables to say, asked or not.
    """
    for name, host in plan.hosts.items():
        for role in host.selected:
            planned = host.roles[role]
            if planned.workloads or _ALWAYS_ASKED.intersection(planned.disruption):
                yield name, role, planned
