"""What a host's GPUs are and which modules drive them, on a machine that is a folder."""

from pathlib import Path

import pytest

from provision.plugins.module_utils.gpus import hardware
from provision.plugins.module_utils.host.machine import Machine

from ..receipts.conftest import put

GPU, KERNEL = "0000:18:00.0", "6.1.0-50-amd64"
EFI = "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"


class FakeMachine(Machine):
    """A machine whose programs answer from a table, by their first words."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.answers: dict[str, str] = {}

    def run(self, argv: list[str], _timeout: float = 10.0) -> tuple[int, str]:
        words = " ".join(argv)
        found = [answer for command, answer in self.answers.items() if words.startswith(command)]
        return (0, found[0]) if found else (127, "")


@pytest.fixture
def machine(tmp_path: Path) -> FakeMachine:
    put(tmp_path, "/proc/sys/kernel/osrelease", f"{KERNEL}\n")
    return FakeMachine(str(tmp_path))


def add_gpu(machine: Machine, device: str, address: str = GPU) -> None:
    for name, text in (("vendor", "0x10de"), ("device", device), ("class", "0x030200")):
        put(Path(machine.root), f"/sys/bus/pci/devices/{address}/{name}", f"{text}\n")


def test_a_bare_host_shows_its_gpus_and_no_module(
    machine: FakeMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hardware, "look", lambda _: None)
    monkeypatch.setattr(hardware, "workloads", lambda _: [])
    add_gpu(machine, "0x2330")
    found = hardware.survey(machine)
    (gpu,) = found["gpus"]
    assert (gpu["pci"], gpu["id"], gpu["architecture"], gpu["modules"]) == (
        GPU,
        "10de:2330",
        "Hopper",
        "either",
    )
    assert found["modules"] == {"needed": "either", "loaded": None, "installed": {}}
    assert (found["kernel"], found["next_kernel"], found["nouveau_loaded"]) == (KERNEL, None, False)
    assert found["secure_boot"] == {"enabled": False, "key_enrolled": False}
    assert not (found["rack_scale"] or found["nvlink5"] or found["nvswitches"])


def test_a_gpu_that_nobody_knows_is_not_guessed(
    machine: FakeMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hardware, "look", lambda _: None)
    monkeypatch.setattr(hardware, "workloads", lambda _: [])
    add_gpu(machine, "0xffff")
    found = hardware.survey(machine)
    assert found["gpus"] == [
        {"pci": GPU, "id": "10de:ffff", "name": None, "architecture": None, "modules": None}
    ]
    assert found["modules"]["needed"] is None


@pytest.mark.parametrize(
    ("text", "flavour"),
    [
        ("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05\n", "open"),
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.95.05\n", "proprietary"),
    ],
)
def test_the_loaded_module_says_its_flavour(machine: FakeMachine, text: str, flavour: str) -> None:
    assert hardware.loaded(machine) is None
    put(Path(machine.root), "/sys/module/nvidia/version", "580.95.05\n")
    put(Path(machine.root), "/proc/driver/nvidia/version", text)
    assert hardware.loaded(machine) == {"version": "580.95.05", "flavour": flavour}


@pytest.mark.parametrize(("licence", "flavour"), [("NVIDIA", "proprietary"), ("Dual MIT/GPL", "open")])
def test_each_kernel_has_its_module(machine: FakeMachine, licence: str, flavour: str) -> None:
    path = f"/lib/modules/{KERNEL}/updates/dkms/nvidia.ko.xz"
    put(Path(machine.root), path, "")
    put(Path(machine.root), "/lib/modules/6.1.0-51-amd64/modules.dep", "")
    machine.answers = {
        "modinfo -F version": "580.95.05\n",
        "modinfo -F license": f"{licence}\n",
        "modinfo -F signer": "",
    }
    assert hardware.installed(machine) == {KERNEL: {"version": "580.95.05", "flavour": flavour, "signer": ""}}


@pytest.mark.parametrize(
    ("value", "told", "expected"),
    [
        (None, "", {"enabled": False, "key_enrolled": False}),
        (0, "is already enrolled", {"enabled": False, "key_enrolled": False}),
        (1, "is not enrolled", {"enabled": True, "key_enrolled": False}),
        (1, "is already enrolled", {"enabled": True, "key_enrolled": True}),
    ],
)
def test_a_key_counts_where_the_firmware_asks_for_one(
    machine: FakeMachine, value: int | None, told: str, expected: dict[str, bool]
) -> None:
    put(Path(machine.root), "/var/lib/dkms/mok.pub", "")
    machine.answers = {"mokutil --test-key": f"/var/lib/dkms/mok.pub {told}\n"}
    if value is not None:
        variable = Path(machine.root, EFI)
        variable.parent.mkdir(parents=True)
        variable.write_bytes(bytes([6, 0, 0, 0, value]))
    assert hardware.secure_boot(machine) == expected


def test_without_a_key_nobody_is_asked(machine: FakeMachine) -> None:
    variable = Path(machine.root, EFI)
    variable.parent.mkdir(parents=True)
    variable.write_bytes(bytes([6, 0, 0, 0, 1]))
    machine.answers = {"mokutil": "is already enrolled"}
    assert hardware.secure_boot(machine) == {"enabled": True, "key_enrolled": False}


def test_the_next_kernel_is_grubbys_or_the_newest(machine: FakeMachine) -> None:
    assert hardware.next_kernel(machine) is None
    for release in ("6.1.0-9-amd64", "6.1.0-50-amd64"):
        put(Path(machine.root), f"/boot/vmlinuz-{release}", "")
    assert hardware.next_kernel(machine) == "6.1.0-50-amd64"
    machine.answers = {"grubby --default-kernel": "/boot/vmlinuz-5.14.0-503.el9.x86_64\n"}
    assert hardware.next_kernel(machine) == "5.14.0-503.el9.x86_64"
