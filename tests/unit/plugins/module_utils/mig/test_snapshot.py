"""A snapshot of a host's GPUs on its way to where it is planned with."""

import json
from dataclasses import replace

import pytest

from provision.plugins.module_utils.host.typed_json import ShapeError
from provision.plugins.module_utils.mig.gpu import (
    GpuInstance,
    GpuInstanceSpec,
    Target,
    User,
    gpu_from_pci_ids,
)
from provision.plugins.module_utils.mig.profiles import Placement
from provision.plugins.module_utils.mig.record import Record, RecordedGpu
from provision.plugins.module_utils.mig.snapshot import Snapshot, as_json, from_json

from .gpus import GPUS

WORKER = User("container train")
DAEMON = User("process x (pid 1)", "nvidia-dcgm.service", computes=False)
GPU = replace(
    GPUS["a100-sxm4-40gb"],
    name="A100",
    enabled=True,
    pending=True,
    needs_reset=True,
    resettable=False,
    instances=(GpuInstance(7, "1g.5gb", Placement(0, 1), (1,), (WORKER,)),),
    users=(WORKER, DAEMON),
)
TARGET = Target(True, (GpuInstanceSpec("1g.5gb", (1,)),), (Placement(0, 1),))
SNAPSHOT = Snapshot(
    (GPU, gpu_from_pci_ids("0000:07:00.0", "1db610de", "")),
    driver=False,
    unknown=("0000:07:00.0",),
    record=Record((RecordedGpu(GPU.uuid, GPU.pci, TARGET),)),
)


def test_it_survives_its_journey() -> None:
    assert from_json(json.loads(json.dumps(as_json(SNAPSHOT)))) == SNAPSHOT


def test_what_is_none_is_told_by_its_place() -> None:
    data = json.loads(json.dumps(as_json(SNAPSHOT)))
    data["gpus"][0]["instances"][0]["placement"]["start"] = "0"
    with pytest.raises(
        ShapeError, match=r"^partitions\.gpus\[0\]\.instances\[0\]\.placement\.start is str, not int$"
    ):
        from_json(data)
