"""What would change on the fleet, and how that ends a command."""

import pytest

from provision.model.plan import HostPlan, Plan, RolePlan, State

CONVERGED = HostPlan("calm", {"nvidia_driver": RolePlan(State.CONVERGED)})
SKIPPED = HostPlan("cpu01", skipped="no NVIDIA GPU on the PCI bus")
CHANGING = HostPlan("hgx01", {"nvidia_driver": RolePlan(State.DRIFTED)})
LOST = HostPlan("lost", error="no answer")
UNSUPPORTED = HostPlan("old", {"nvidia_driver": RolePlan(State.UNSUPPORTED)})
REFUSED = HostPlan("a100", {"nvidia_mig": RolePlan(State.DRIFTED, refusal="in use", hint="end it")})


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        ((CONVERGED, SKIPPED), 0),
        ((CHANGING,), 0),
        ((UNSUPPORTED, CHANGING), 3),
        ((REFUSED,), 3),
        ((LOST, UNSUPPORTED, CHANGING), 1),
    ],
)
def test_exit_codes(hosts: tuple[HostPlan, ...], expected: int) -> None:
    assert Plan({host.name: host for host in hosts}).exit_code == expected
