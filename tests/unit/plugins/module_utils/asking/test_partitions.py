"""The survey of a host whose inventory has a MIG layout."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from provision.plugins.module_utils.asking import partitions as host_partitions
from provision.plugins.module_utils.gpus.nvml import Nvml
from provision.plugins.module_utils.host.machine import Machine
from provision.plugins.module_utils.mig.snapshot import from_json
from provision.plugins.module_utils.mig.survey import take_snapshot
from tests.unit.lab.hardware.conftest import VERSION, Server

from ..containers.fake_engine import Engine

A100 = "a100-sxm4-40gb"


@pytest.fixture
def machine(server: Callable[[dict[str, object]], Server], tmp_path: Path) -> Machine:
    """A host with two GPUs on its bus, whose driver is loaded."""
    server({"gpus": {A100: 2}}).smi("-mig", "1")
    root = tmp_path / "root"
    for address in ("0000:07:00.0", "0000:0f:00.0"):
        folder = root / "sys/bus/pci/devices" / address
        folder.mkdir(parents=True)
        texts = {"vendor": "0x10de", "device": "0x20b0", "class": "0x030200"}
        for name, text in {**texts, "subsystem_vendor": "0x10de", "subsystem_device": "0x144e"}.items():
            (folder / name).write_text(text + "\n")
    (root / "sys/module/nvidia").mkdir(parents=True)
    (root / "dev").mkdir()
    (root / "dev/nvidiactl").touch()
    return Machine(str(root))


def test_the_driver_is_asked_where_it_answers(machine: Machine, programs: Path) -> None:
    found = take_snapshot(machine, partial(Nvml, str(programs / f"libnvidia-ml.so.{VERSION}")))
    assert found.driver
    assert [gpu.enabled for gpu in found.gpus] == [True, True]
    assert [gpu.resettable for gpu in found.gpus] == [False, False]  # no `reset` on this bus
    assert "1g.5gb" in found.gpus[0].profiles


def test_without_an_answer_the_models_are_known(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> Nvml:
        raise OSError("libnvidia-ml.so.1: cannot open shared object file")

    monkeypatch.setattr(host_partitions, "take_snapshot", partial(take_snapshot, library=absent))
    found = from_json(host_partitions.survey_with_partitions(machine)["partitions"])
    assert (found.driver, found.unknown) == (False, ())
    assert [gpu.pci for gpu in found.gpus] == ["0000:07:00.0", "0000:0f:00.0"]
    assert found.gpus[0].device == "20b010de"
    assert "1g.5gb" in found.gpus[0].profiles


def test_who_holds_the_gpus_is_asked_once(
    machine: Machine, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Path(machine.root)
    (root / "proc/41").mkdir(parents=True)
    (root / "proc/41/comm").write_text("dockerd\n")
    engine = Engine(
        root / "var/run/docker.sock",
        {
            "/containers/json": [{"Id": "a"}],
            "/containers/a/json": {
                "Name": "/train",
                "HostConfig": {"DeviceRequests": [{"DeviceIDs": ["nvidia.com/gpu=all"]}]},
            },
        },
    )
    (root / "var/run/docker.pid").write_text("41\n")
    library = partial(Nvml, str(programs / f"libnvidia-ml.so.{VERSION}"))
    monkeypatch.setattr(host_partitions, "take_snapshot", partial(take_snapshot, library=library))
    found = host_partitions.survey_with_partitions(machine)
    engine.listener.close()
    assert engine.asked == ["/containers/json", "/containers/a/json"]
    assert found["workloads"] == [{"kind": "container", "subject": "train"}]
    users = [[user.text for user in gpu.users] for gpu in from_json(found["partitions"]).gpus]
    assert users == [["container train"], ["container train"]]
