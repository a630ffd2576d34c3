"""The state of the fleet as a screen and as a document."""

from dataclasses import replace
from typing import Any

from provision.model.observed import Driver, Gpu, HostProbe, InfinibandPort, Observed, Workload
from provision.model.plan import HostPlan, Plan, RolePlan, State
from provision.plugins.module_utils.mig.gpu import GpuInstance
from provision.plugins.module_utils.mig.profiles import Placement
from provision.plugins.module_utils.mig.snapshot import Snapshot
from provision.report.status import document, headline, screen
from tests.unit.plugins.module_utils.mig.gpus import GPUS

from .test_plan import text

OBSERVED = Observed(
    os="Debian 13",
    distribution="debian",
    major="13",
    kernel="6.12.1",
    architecture="x86_64",
    python="3.13.5",
    gpus=(
        Gpu("0000:18:00.0", "10de:2330", "NVIDIA H100 80GB HBM3", "GPU-a", ("3g.40gb", "3g.40gb")),
        Gpu("0000:2a:00.0", "10de:2330", "NVIDIA H100 80GB HBM3", "GPU-b"),
    ),
    driver=Driver("580.95.05", "595.71.05"),
    docker="28.5.1",
    docker_running=False,
    toolkit="1.18.0",
    workloads=(Workload("container", "train"),),
    infiniband=(InfinibandPort("mlx5_0", "1", "ACTIVE", "400 Gb/sec (4X NDR)"),),
)
PROBES = {
    "hgx01": HostProbe("hgx01", True, observed=OBSERVED),
    "lost": HostProbe("lost", False, "no answer", "is it up?"),
}
PLAN = Plan(
    {
        "hgx01": HostPlan(
            "hgx01",
            {"nvidia_driver": RolePlan(State.INPUTS_CHANGED), "docker_engine": RolePlan(State.CONVERGED)},
        ),
        "lost": HostPlan("lost", error="no answer", hint="is it up?"),
    }
)


def test_the_document_has_what_was_promised() -> None:
    hosts = document(PROBES, PLAN)["hosts"]
    assert isinstance(hosts, dict)
    assert hosts["hgx01"] == {
        "reachable": True,
        "os": "Debian 13",
        "kernel": "6.12.1",
        "gpus": [
            {
                "pci": "0000:18:00.0",
                "id": "10de:2330",
                "name": "NVIDIA H100 80GB HBM3",
                "uuid": "GPU-a",
                "mig": ["3g.40gb", "3g.40gb"],
            },
            {
                "pci": "0000:2a:00.0",
                "id": "10de:2330",
                "name": "NVIDIA H100 80GB HBM3",
                "uuid": "GPU-b",
                "mig": [],
            },
        ],
        "driver": {"loaded": "580.95.05", "installed": "595.71.05"},
        "docker": "28.5.1",
        "toolkit": "1.18.0",
        "infiniband": [{"device": "mlx5_0", "port": "1", "state": "ACTIVE", "rate": "400 Gb/sec (4X NDR)"}],
        "workloads": ["container train"],
        "roles": {"nvidia_driver": "inputs_changed", "docker_engine": "converged"},
    }
    assert hosts["lost"] == {"reachable": False, "error": "no answer", "hint": "is it up?"}


def test_the_screen_tells_everything_once() -> None:
    found = text(screen(PROBES, PLAN), width=200)
    for words in (
        "2x H100 80GB HBM3",
        "MIG 2x 3g.40gb",
        "580.95.05 loaded",
        "595.71.05 installed",
        "28.5.1",
        "(stopped)",
        "1.18.0",
        "1x Active 400 Gb/sec",
        "nvidia_driver inputs changed",
        "lost: no answer",
        "hint: is it up?",
        "2 hosts: 1 to change, 1 not reached",
    ):
        assert found.count(words) == 1, words
    assert "docker_engine" not in found


def test_the_headline_counts() -> None:
    skipped = HostPlan("cpu", skipped="no GPU")
    calm = HostPlan("calm", {"nvidia_driver": RolePlan(State.CONVERGED)})
    plan = Plan({host.name: host for host in (calm, skipped)})
    assert headline(plan) == "2 hosts: 1 converged, 1 without a GPU"


def test_partitions_are_told_by_gpu() -> None:
    board = GPUS["h100-sxm5-80gb"]
    gpus = PROBES["hgx01"].observed
    assert gpus is not None
    mig = GpuInstance(1, "3g.40gb", Placement(4, 4), (3,)), GpuInstance(2, "3g.40gb", Placement(0, 4), (3,))
    snapshot = Snapshot(
        (
            replace(board, pci="0000:18:00.0", enabled=True, pending=True, instances=mig),
            replace(board, pci="0000:2a:00.0", enabled=True, pending=True),
        ),
    )
    probe = replace(PROBES["hgx01"], observed=replace(gpus, partitions=snapshot))
    found = text(screen({**PROBES, "hgx01": probe}, PLAN), width=200)
    assert "18:00.0: MIG 2x 3g.40gb" in found
    assert "2a:00.0: MIG on, no instances" in found
    hosts: Any = document({**PROBES, "hgx01": probe}, PLAN)["hosts"]
    assert hosts["hgx01"]["gpus"][0]["geometry"] == ["MIG enabled", "0:4 3g.40gb", "4:4 3g.40gb"]
    assert hosts["hgx01"]["gpus"][1]["geometry"] == ["MIG enabled"]
