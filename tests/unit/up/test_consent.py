"""What a person is asked about before it is done."""

import pytest

from provision.model.observed import Workload
from provision.model.plan import Disruption, HostPlan, Plan, RolePlan, State
from provision.up.consent import to_ask

TRAIN = Workload("container", "train")


@pytest.mark.parametrize(
    ("disruption", "workloads", "asked"),
    [
        ((), (), False),
        ((Disruption.DOCKER_RESTART,), (), False),
        ((Disruption.DOCKER_RESTART,), (TRAIN,), True),
        ((Disruption.REBOOT,), (), True),
        ((Disruption.GPU_RESET,), (), True),
        ((Disruption.MIG_DESTROY,), (), True),
    ],
)
def test_who_is_hit_or_what_disturbs_the_host_itself_is_asked_about(
    disruption: tuple[Disruption, ...], workloads: tuple[Workload, ...], asked: bool
) -> None:
    role = RolePlan(State.DRIFTED, (), disruption, workloads)
    plan = Plan({"h1": HostPlan("h1", {"docker_engine": role})})
    assert list(to_ask(plan)) == ([("h1", "docker_engine", role)] if asked else [])


def test_what_is_not_run_is_not_asked_about() -> None:
    role = RolePlan(State.UNSUPPORTED, (), (Disruption.REBOOT,))
    assert list(to_ask(Plan({"h1": HostPlan("h1", {"nvidia_driver": role})}))) == []
