"""What reasons of each kind could disrupt. A kind that is in no table here has to be judged as the worst."""

from dataclasses import replace
from typing import Any

import pytest

from provision.model.observed import Gpu, Observed
from provision.model.plan import Disruption
from provision.plan.disruption import disruptions
from provision.plugins.module_utils.receipts.inputs import differences, record
from provision.plugins.module_utils.receipts.reasons import Kind, Reason
from provision.plugins.module_utils.receipts.resources import compare
from tests.unit.hosts import asked

OBSERVED = Observed(
    os="Debian 13",
    distribution="debian",
    major="13",
    kernel="6.12",
    architecture="x86_64",
    python="3.13.5",
    gpus=(Gpu("0000:07:00.0", "10de:20b0", mig=("3g.20gb",)),),
    docker_running=True,
)
WHOLE = replace(OBSERVED, gpus=(Gpu("0000:07:00.0", "10de:20b0"),))
HOPPER = replace(OBSERVED, gpus=(Gpu("0000:18:00.0", "10de:2330"),))
ASKED, LAYOUT = asked(), asked(nvidia_mig_layout="all-balanced")
SPARES_DOCKER = {Kind.GROUPS, Kind.CDI, Kind.FOLLOWS}
SPARES_PARTITIONS = {Kind.CONTENT, Kind.FILES, Kind.ABSENT, Kind.UNITS, Kind.FOLLOWS}


def of(*kinds: Kind) -> tuple[Reason, ...]:
    return tuple(Reason(kind, "nvidia_mig_layout", "words that nobody decides by") for kind in kinds)


@pytest.mark.parametrize("role", ["docker_engine", "nvidia_container_toolkit"])
@pytest.mark.parametrize("kind", list(Kind))
def test_what_restarts_docker(role: str, kind: Kind) -> None:
    expected = () if kind in SPARES_DOCKER else (Disruption.DOCKER_RESTART,)
    assert disruptions(role, of(kind), ASKED, OBSERVED) == expected
    assert disruptions(role, of(Kind.CDI, kind), ASKED, OBSERVED) == expected
    assert disruptions(role, of(kind), ASKED, replace(OBSERVED, docker_running=False)) == ()


@pytest.mark.parametrize("kind", list(Kind))
def test_what_destroys_partitions(kind: Kind) -> None:
    expected = () if kind in SPARES_PARTITIONS else (Disruption.MIG_DESTROY,)
    assert disruptions("nvidia_mig", of(kind), LAYOUT, OBSERVED) == expected
    assert disruptions("nvidia_mig", of(Kind.FILES, kind), LAYOUT, OBSERVED) == expected
    assert disruptions("nvidia_mig", of(kind), ASKED, OBSERVED) == ()


@pytest.mark.parametrize(
    ("observed", "expected"),
    [
        (WHOLE, (Disruption.GPU_RESET,)),
        (OBSERVED, (Disruption.MIG_DESTROY,)),
        (
            replace(OBSERVED, gpus=(*OBSERVED.gpus, *WHOLE.gpus)),
            (Disruption.MIG_DESTROY, Disruption.GPU_RESET),
        ),
        (HOPPER, ()),  # needs no reset
    ],
)
def test_what_a_change_of_partitions_costs(observed: Observed, expected: tuple[Disruption, ...]) -> None:
    assert disruptions("nvidia_mig", of(Kind.NEVER_APPLIED), LAYOUT, observed) == expected


def test_partitions_that_differ_on_a_host_are_destroyed() -> None:
    receipt = {"state": {"mig": {"0000:07:00.0": "off"}}, "resources": {}}
    reasons = compare(receipt, {"mig": {"0000:07:00.0": "3g.20gb"}})
    assert disruptions("nvidia_mig", reasons, LAYOUT, OBSERVED) == (Disruption.MIG_DESTROY,)


@pytest.mark.parametrize("layout", ["all-balanced", "{{ site_layout }}"])
def test_partitions_are_destroyed_for_a_layout_that_changes_wherever_it_comes_from(layout: str) -> None:
    specs = {"nvidia_mig_layout": False}
    before: dict[str, Any] = {"nvidia_mig_layout": layout, "site_layout": "all-balanced"}
    now = (
        {**before, "site_layout": "all-disabled"} if "{{" in layout else {"nvidia_mig_layout": "all-disabled"}
    )
    reasons = differences(record("salt", "c", specs, before), "c", specs, now)
    assert len(reasons) == 1
    assert disruptions("nvidia_mig", reasons, asked(**now), OBSERVED) == (Disruption.MIG_DESTROY,)
