"""For which reasons a run of the driver's role ends with another driver, and takes the work of other roles along."""

import pytest

from provision.model.observed import Driver, Gpu, Observed
from provision.model.plan import RolePlan, State
from provision.plan.follow import follow
from provision.plugins.module_utils.receipts.reasons import Kind, Reason
from tests.unit.hosts import host

HOST = host("h", {"nvidia_driver_version": "580", "nvidia_mig_layout": "all-balanced"})
OBSERVED = Observed(
    os="Debian 13",
    distribution="debian",
    major="13",
    kernel="6.12",
    architecture="x86_64",
    python="3.13.5",
    gpus=(Gpu("0000:07:00.0", "10de:20b0"),),
    driver=Driver("580.95.05", "580.95.05"),
)


@pytest.mark.parametrize(
    ("kind", "subject", "follows"),
    [
        (Kind.VARIABLE, "nvidia_driver_flavour", True),
        (Kind.VARIABLE, "nvidia_driver_source", True),
        (Kind.TEMPLATE, "nvidia_driver_flavour", True),
        (Kind.TEMPLATE, "nvidia_driver_source", True),
        (Kind.VARIABLE, "nvidia_driver_lock_timeout", False),
        (Kind.TEMPLATE, "nvidia_driver_repo_url", False),
        (Kind.FILES, "/etc/nvidia_driver_flavour", False),
        (Kind.PACKAGES, "nvidia-driver-cuda", False),
        (Kind.CONTENT, "", False),
        (Kind.UNMEASURED, "packages", True),
        (Kind.UNKNOWN, "", True),
    ],
)
def test_for_which_reasons_the_driver_is_exchanged(kind: Kind, subject: str, follows: bool) -> None:
    reason = Reason(kind, subject, "words that nobody decides by")
    planned = {
        "nvidia_driver": RolePlan(State.INPUTS_CHANGED, (reason,)),
        "nvidia_mig": RolePlan(State.CONVERGED),
        "nvidia_container_toolkit": RolePlan(State.CONVERGED),
    }
    follow(planned, HOST, OBSERVED)
    followers = {name for name, role in planned.items() if role.changes} - {"nvidia_driver"}
    assert followers == ({"nvidia_mig", "nvidia_container_toolkit"} if follows else set())
    for name in followers:
        assert {each.kind for each in planned[name].reasons} == {Kind.FOLLOWS}
        assert planned[name].disruption == ()
