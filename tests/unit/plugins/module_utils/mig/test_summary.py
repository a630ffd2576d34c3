"""How receipts and status see the partitions of GPUs."""

from collections.abc import Callable
from pathlib import Path

import pytest

from provision.plugins.module_utils.gpus import nvml
from provision.plugins.module_utils.gpus.nvml import Nvml
from provision.plugins.module_utils.host.machine import Machine
from provision.plugins.module_utils.mig.geometry import read_gpus, reconfigure
from provision.plugins.module_utils.mig.layout import Layout, resolve
from provision.plugins.module_utils.mig.plan import plan_gpus
from provision.plugins.module_utils.mig.summary import partitions
from provision.plugins.module_utils.receipts.kinds import mig
from tests.unit.lab.hardware.conftest import VERSION, Server

FIRST, SECOND = "0000:07:00.0", "0000:0f:00.0"


@pytest.fixture
def machine(
    tmp_path: Path,
    programs: Path,
    server: Callable[[dict[str, object]], Server],
    monkeypatch: pytest.MonkeyPatch,
) -> Machine:
    """A machine with two A100 whose driver is loaded."""
    server({"gpus": {"a100-sxm4-40gb": 2}})
    root = tmp_path / "root"
    for path in ("sys/module/nvidia", "dev"):
        (root / path).mkdir(parents=True)
    (root / "dev/nvidiactl").touch()
    monkeypatch.setattr(nvml, "Nvml", lambda: library(programs))
    return Machine(str(root))


def library(programs: Path) -> Nvml:
    return Nvml(str(programs / f"libnvidia-ml.so.{VERSION}"))


@pytest.fixture
def bring(machine: Machine, programs: Path) -> Callable[[Layout], None]:
    """Return what gives the machine's GPUs a layout."""
    assert machine.exists("/dev/nvidiactl")

    def give(layout: Layout) -> None:
        with library(programs) as nvml:
            gpus = read_gpus(nvml)
            for plan in plan_gpus(gpus, resolve(layout, gpus)):
                reconfigure(nvml, plan, lambda _: "")

    return give


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        ({}, "on, no instances"),
        ({"1g.5gb": 2, "3g.20gb": 1, "2g.10gb": 1}, "3g.20gb + 2g.10gb + 2x 1g.5gb"),
        ({"1c.3g.20gb": 2, "3g.20gb": 1}, "3g.20gb + 3g.20gb (1c+1c)"),
    ],
)
def test_partitions_in_few_words(
    machine: Machine, bring: Callable[[Layout], None], counts: dict[str, int], text: str
) -> None:
    bring([{"devices": [0], "mig-enabled": True, "mig-devices": counts}])
    assert sorted((partitions(machine) or {})[FIRST].split(" + ")) == sorted(text.split(" + "))
    assert mig.measure(machine, [SECOND]) == {SECOND: "off"}


def test_where_instances_lie_is_no_difference(machine: Machine, bring: Callable[[Layout], None]) -> None:
    bring("all-1g.5gb")
    two = [{"devices": "all", "mig-enabled": True, "mig-devices": {"1g.5gb": 2}}]
    bring(two)
    former = mig.measure(machine, [FIRST])
    bring("all-disabled")
    bring(two)
    assert mig.measure(machine, [FIRST]) == former == {FIRST: "2x 1g.5gb"}
