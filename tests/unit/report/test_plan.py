"""A plan as a screen and as a document."""

import io
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console, RenderableType

from provision.model.observed import Workload
from provision.model.plan import (
    Disruption,
    GpuChange,
    HostPlan,
    Plan,
    Prediction,
    Predictions,
    RolePlan,
    State,
    Trouble,
)
from provision.plugins.module_utils.mig.gpu import Geometry, PlacedInstance
from provision.plugins.module_utils.receipts.reasons import Kind, Reason
from provision.report.plan import document, headline, screen


def reason(text: str) -> Reason:
    return Reason(Kind.UNKNOWN, "", text)


def placed(*texts: str) -> tuple[PlacedInstance, ...]:
    return tuple(PlacedInstance(*text.split(" ", 1)) for text in texts)


def on(*texts: str) -> Geometry:
    return Geometry(enabled=True, instances=placed(*texts))


CONVERGED = HostPlan("calm", {"nvidia_driver": RolePlan(State.CONVERGED)})
SKIPPED = HostPlan("cpu01", skipped="no NVIDIA GPU on the PCI bus")
LOST = HostPlan("lost", error="192.0.2.1 port 22 does not answer", hint="is the host up?")
UNSUPPORTED = HostPlan(
    "old", {"nvidia_driver": RolePlan(State.UNSUPPORTED, (reason("driver 595 is too new for V100"),))}
)
CHANGING = HostPlan(
    "hgx01",
    {
        "nvidia_driver": RolePlan(
            State.INPUTS_CHANGED,
            (reason("nvidia_driver_version 580.95.05 -> 595.71.05"), reason("nouveau is loaded")),
            (Disruption.REBOOT,),
            (Workload("container", "train"), Workload("process", "python3 (pid 7)")),
        ),
        "docker_engine": RolePlan(State.DRIFTED, (reason("docker.service stopped"),)),
        "nvidia_container_toolkit": RolePlan(State.CONVERGED),
    },
)


def plan(*hosts: HostPlan) -> Plan:
    return Plan({host.name: host for host in hosts})


def text(renderable: RenderableType, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    console.print(renderable)
    file = console.file
    assert isinstance(file, io.StringIO)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines())


def test_the_screen_of_a_fleet() -> None:
    assert text(screen(plan(CHANGING, CONVERGED, SKIPPED, LOST, UNSUPPORTED))) == (
        "hgx01\n"
        "  ~  nvidia_driver  nvidia_driver_version 580.95.05 -> 595.71.05\n"
        "                    nouveau is loaded\n"
        "  ~  docker_engine  docker.service stopped\n"
        "  may need a reboot, which would end container train and process python3 (pid 7)\n"
        "\n"
        "old\n"
        "  !  nvidia_driver  driver 595 is too new for V100\n"
        "\n"
        "lost: 192.0.2.1 port 22 does not answer\n"
        "hint: is the host up?\n"
        "\n"
        "calm: no changes\n"
        "cpu01: skipped, no NVIDIA GPU on the PCI bus\n"
        "\n"
        "Plan: nvidia_driver on 1 host, docker_engine on 1 host, 1 host unchanged, 1 host unsupported, 1 "
        "host\nnot reached. 1 host may reboot."
    )


def test_nothing_to_do_is_said_so() -> None:
    assert text(screen(plan(CONVERGED, SKIPPED))) == (
        "calm: no changes\n"
        "cpu01: skipped, no NVIDIA GPU on the PCI bus\n"
        "\n"
        "No changes. The fleet matches the inventory"
    )


@pytest.mark.parametrize("hosts", [(LOST,), (UNSUPPORTED,), (CONVERGED, LOST)])
def test_a_fleet_that_is_not_known_is_not_said_to_match(hosts: tuple[HostPlan, ...]) -> None:
    assert headline(plan(*hosts)).startswith("Plan: nothing to apply")


def test_names_and_reasons_are_not_markup() -> None:
    odd = HostPlan("h[red]", {"nvidia_driver": RolePlan(State.DRIFTED, (reason("/etc/[bold]x edited"),))})
    assert "/etc/[bold]x edited" in text(screen(plan(odd)))
    assert "h[red]" in text(screen(plan(odd)))


def test_the_document() -> None:
    found = document(plan(CHANGING, SKIPPED))
    assert found["schema"] == 1
    assert found["summary"] == {"hosts": 2, "to_change": 1}
    hosts: Any = found["hosts"]
    assert hosts["cpu01"] == {
        "roles": {},
        "skipped": "no NVIDIA GPU on the PCI bus",
        "error": None,
        "hint": None,
    }
    assert hosts["hgx01"]["roles"]["nvidia_driver"] == {
        "state": "inputs_changed",
        "reasons": ["nvidia_driver_version 580.95.05 -> 595.71.05", "nouveau is loaded"],
        "disruption": ["reboot"],
        "workloads": ["container train", "process python3 (pid 7)"],
    }
    assert hosts["hgx01"]["roles"]["nvidia_container_toolkit"]["state"] == "converged"


PARTITIONS = HostPlan(
    "a100-01",
    {
        "nvidia_mig": RolePlan(
            State.INPUTS_CHANGED,
            (reason("nvidia_mig_layout changed"),),
            (Disruption.MIG_DESTROY,),
            gpus=(
                GpuChange(
                    pci="0000:07:00.0",
                    uuid="GPU-a",
                    before=on("0:1 1g.5gb", "1:1 1g.5gb", "4:4 3g.20gb"),
                    after=on("0:2 2g.10gb", "4:4 3g.20gb"),
                    stays=placed("4:4 3g.20gb"),
                    goes=placed("0:1 1g.5gb", "1:1 1g.5gb"),
                    in_the_way=("container train",),
                ),
                GpuChange(
                    "0000:0f:00.0", None, Geometry(enabled=False), on(), stops=("nvidia-dcgm.service",)
                ),
                GpuChange("0000:47:00.0", "GPU-c", Geometry(enabled=False), Geometry(enabled=False)),
            ),
            refusal="MIG instance 7 is in use by container train",
            hint="end what runs on it",
        )
    },
)


def test_partitions_are_told_gpu_by_gpu() -> None:
    assert text(screen(plan(PARTITIONS))) == (
        "a100-01\n"
        "  ~  nvidia_mig  nvidia_mig_layout changed\n"
        "                 GPU 0000:07:00.0: MIG 3g.20gb + 2x 1g.5gb -> 3g.20gb + 2g.10gb\n"
        "                   stays 3g.20gb at 4:4; goes 1g.5gb at 0:1, 1g.5gb at 1:1\n"
        "                   in the way: container train\n"
        "                 GPU 0000:0f:00.0: MIG off -> on, no instances\n"
        "                   stopped for it: nvidia-dcgm.service\n"
        "  may need the loss of MIG instances\n"
        "  refused: MIG instance 7 is in use by container train\n"
        "  hint: end what runs on it\n"
        "\n"
        "Plan: nvidia_mig on 1 host, 1 host refused."
    )
    roles: Any = document(plan(PARTITIONS))["hosts"]["a100-01"]["roles"]
    assert roles["nvidia_mig"]["refusal"] == "MIG instance 7 is in use by container train"
    assert [gpu["pci"] for gpu in roles["nvidia_mig"]["gpus"]] == [
        "0000:07:00.0",
        "0000:0f:00.0",
        "0000:47:00.0",
    ]
    first, second, _ = roles["nvidia_mig"]["gpus"]
    assert first["in_the_way"] == ["container train"]
    assert first["before"] == ["MIG enabled", "0:1 1g.5gb", "1:1 1g.5gb", "4:4 3g.20gb"]
    assert (first["stays"], first["goes"]) == (["4:4 3g.20gb"], ["0:1 1g.5gb", "1:1 1g.5gb"])
    assert (second["before"], second["after"]) == (["MIG disabled"], ["MIG enabled"])


def test_predictions_are_told_by_host() -> None:
    predictions = Predictions(
        (
            Prediction("hgx01", "docker_engine", "Write", ("/etc/a", "/etc/b"), "+x"),
            Prediction("hgx01", "docker_engine", "Restart", ("Restart",), ""),
        ),
        (Trouble("calm", "no space", "make some"), Trouble("calm", "and more", "")),
    )
    hosts = document(replace(plan(CHANGING, CONVERGED, SKIPPED), predictions=predictions))["hosts"]
    assert hosts["hgx01"]["changes"] == [
        ["docker_engine", "/etc/a"],
        ["docker_engine", "/etc/b"],
        ["docker_engine", "Restart"],
    ]
    assert hosts["hgx01"]["diff"] == [
        {"role": "docker_engine", "task": "Write", "diff": "+x"},
        {"role": "docker_engine", "task": "Restart", "diff": ""},
    ]
    assert (hosts["calm"]["error"], hosts["calm"]["hint"]) == ("no space", "make some")
    assert (hosts["cpu01"]["changes"], hosts["cpu01"]["diff"], hosts["cpu01"]["error"]) == ([], [], None)
    assert "changes" not in document(plan(CHANGING))["hosts"]["hgx01"]
