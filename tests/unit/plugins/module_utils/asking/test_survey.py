"""The survey of a folder that stands for a machine."""

import json
from pathlib import Path
from typing import Any

import pytest

from provision.plugins.module_utils.asking.survey import parse_mig, survey
from provision.plugins.module_utils.host.machine import Machine

from ..receipts.conftest import put

SMI = "nvidia-smi"
UUID = "GPU-7a1c2e9b-0c51-4f0f-9b1d-6f2a4c8d1e02"


class Fake(Machine):
    """A folder, and programs that answer from a table."""

    def __init__(self, root: Path) -> None:
        super().__init__(str(root))
        self.answers: dict[str, str] = {}
        self.started: list[list[str]] = []

    def run(self, argv: list[str], timeout: float = 10.0) -> tuple[int, str]:  # noqa: ARG002
        self.started.append(argv)
        answer = next((text for words, text in self.answers.items() if words in " ".join(argv)), None)
        return (127, "") if answer is None else (0, answer)


@pytest.fixture
def machine(tmp_path: Path) -> Fake:
    put(tmp_path, "/etc/os-release", 'NAME="Debian GNU/Linux"\nID=debian\nVERSION_ID="13"\n')
    put(tmp_path, "/proc/sys/kernel/osrelease", "6.12.1\n")
    for name, text in (("vendor", "0x10de"), ("class", "0x030200"), ("device", "0x2330")):
        put(tmp_path, f"/sys/bus/pci/devices/0000:18:00.0/{name}", text)
    return Fake(tmp_path)


def loaded(machine: Fake, uuid: str = UUID) -> None:
    root = Path(machine.root)
    put(root, "/sys/module/nvidia/version", "580.95.05\n")
    information = (
        f"Model: \t\t NVIDIA H100 80GB HBM3\nIRQ:   \t\t 16\nGPU UUID: \t {uuid}\nDevice Minor: \t 0\n"
    )
    put(root, "/proc/driver/nvidia/gpus/0000:18:00.0/information", information)


def test_a_bare_host(machine: Fake) -> None:
    found = survey(machine)
    assert (found["os"], found["distribution"], found["major"], found["kernel"]) == (
        "Debian 13",
        "debian",
        "13",
        "6.12.1",
    )
    assert found["gpus"] == [{"pci": "0000:18:00.0", "id": "10de:2330", "name": None, "uuid": None}]
    assert found["driver"] == {"loaded": None, "installed": None}
    assert found["workloads"] == found["infiniband"] == []
    assert found["receipts"] == {}
    assert json.loads(json.dumps(found)) == found
    assert machine.started == []


def test_a_loaded_driver_is_asked_through_files_alone(machine: Fake) -> None:
    loaded(machine)
    found = survey(machine)
    assert found["gpus"][0]["name"] == "NVIDIA H100 80GB HBM3"
    assert found["gpus"][0]["uuid"] == UUID
    assert found["driver"]["loaded"] == "580.95.05"
    assert not any(argv[0] == SMI for argv in machine.started)


def test_a_gpu_that_nothing_has_used_yet_is_asked_of_nvidia_smi(machine: Fake) -> None:
    loaded(machine, uuid="GPU-????????-????-????-????-????????????")
    machine.answers["--query-gpu"] = f"00000000:18:00.0, NVIDIA H100 80GB HBM3, {UUID}\n"
    assert survey(machine)["gpus"][0]["uuid"] == UUID


def test_a_failing_nvidia_smi_leaves_the_uuid_unknown(machine: Fake) -> None:
    loaded(machine, uuid="GPU-????????-????-????-????-????????????")
    assert survey(machine)["gpus"][0]["uuid"] is None


def test_mig_devices_are_told_by_profile(machine: Fake) -> None:
    loaded(machine)
    (Path(machine.root) / "proc/driver/nvidia/capabilities/gpu0/mig/gi1").mkdir(parents=True)
    machine.answers["--query-gpu"] = f"00000000:18:00.0, NVIDIA H100 80GB HBM3, {UUID}\n"
    machine.answers["-L"] = f"GPU 0: NVIDIA H100 (UUID: {UUID})\n  MIG 3g.40gb Device  0: (UUID: MIG-1)\n"
    assert survey(machine)["gpus"][0]["mig"] == ["3g.40gb"]


def test_mig_devices_belong_to_the_gpu_above_them() -> None:
    listing = (
        "GPU 0: NVIDIA A100 (UUID: GPU-a)\n"
        "  MIG 1g.5gb      Device  0: (UUID: MIG-1)\n  MIG 1g.5gb+me   Device  1: (UUID: MIG-2)\n"
        "GPU 1: NVIDIA A100 (UUID: GPU-b)\n"
        "GPU 2: NVIDIA A100 (UUID: GPU-c)\n  MIG 7g.40gb     Device  0: (UUID: MIG-3)\n"
    )
    assert parse_mig(listing) == {"GPU-a": ["1g.5gb", "1g.5gb+me"], "GPU-c": ["7g.40gb"]}


def test_infiniband_ports(machine: Fake) -> None:
    folder = "/sys/class/infiniband/mlx5_0/ports/1"
    put(Path(machine.root), folder + "/state", "4: ACTIVE\n")
    put(Path(machine.root), folder + "/rate", "400 Gb/sec (4X NDR)\n")
    port = {"device": "mlx5_0", "port": "1", "state": "ACTIVE", "rate": "400 Gb/sec (4X NDR)"}
    assert survey(machine)["infiniband"] == [port]


def receipt(**changes: Any) -> str:  # noqa: ANN401
    inputs: dict[str, object] = {"salt": "s", "content": "c", "variables": {}, "everything": None}
    base = {"schema": 1, "role": "r", "written": 1.0, "inputs": inputs}
    resources = {"resources": {"files": ["/etc/a"]}, "state": {"files": {"/etc/a": None}}}
    return json.dumps({**base, **resources, **changes})


@pytest.mark.needs("root")
def test_receipts_are_compared_with_the_host(machine: Fake) -> None:
    path = put(Path(machine.root), "/var/lib/provision/receipts/r.json", receipt())
    path.chmod(0o600)
    assert survey(machine)["receipts"]["r"]["differences"] == []
    put(Path(machine.root), "/etc/a", "x")
    assert survey(machine)["receipts"]["r"]["differences"] == [
        {"kind": "files", "subject": "/etc/a", "text": "/etc/a created"}
    ]


@pytest.mark.needs("root")
@pytest.mark.parametrize(
    "changes",
    [
        {"resources": {"unheard-of": ["x"]}},
        {"resources": {"json_keys": 3}},
        {"state": {"files": ["not a mapping"]}},
        {"state": {"files": {"/etc/a": {"no": "type"}}}},
    ],
    ids=str,
)
def test_a_receipt_that_was_tampered_with_does_not_stop_the_survey(
    machine: Fake, changes: dict[str, Any]
) -> None:
    put(Path(machine.root), "/etc/a", "x")
    put(Path(machine.root), "/var/lib/provision/receipts/r.json", receipt(**changes)).chmod(0o600)
    assert survey(machine)["receipts"] == {}
