"""One host for the tests of nvidia_mig_layout: the lab's libnvidia-ml, users at will and a systemd that obeys."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule

from provision.plugins.module_utils.gpus.nvml import Nvml
from provision.plugins.module_utils.host.machine import Machine
from provision.plugins.module_utils.mig import apply as mig_apply
from provision.plugins.module_utils.mig import survey as mig_survey
from provision.plugins.module_utils.mig.gpu import User
from provision.plugins.module_utils.mig.users import GpuUsers
from provision.plugins.modules import nvidia_mig_layout
from tests.unit.lab.hardware.conftest import VERSION, Server

A100 = "a100-sxm4-40gb"
MIXED = [{"devices": [0], "mig-enabled": True, "mig-devices": {"3g.20gb": 1, "2g.10gb": 1, "1g.5gb": 2}}]
SPLIT = [{"devices": [0], "mig-enabled": True, "mig-devices": {"3g.20gb": 2}}]
PERSISTENCED = "nvidia-persistenced.service"


class Flag:
    """A state of a service that outlives the process: a file that is there or not."""

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = name

    def __get__(self, bench: "Bench", _owner: type) -> bool:
        return (bench.systemd / self._name).exists()

    def __set__(self, bench: "Bench", value: bool) -> None:
        path = bench.systemd / self._name
        if value:
            path.touch()
        else:
            path.unlink(missing_ok=True)


@dataclass
class Bench:
    """One host: its GPUs, who is said to use them, its files and its services."""

    server: Server
    root: Path
    library: str
    run_module: Callable[..., dict[str, Any]]
    users: dict[str, GpuUsers] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder, self.systemd = self.root / "host", self.root / "systemd"
        self.systemd.mkdir(exist_ok=True)

    enabled = Flag()
    """The unit that restores the layout starts at boot."""
    active = Flag()
    """It has run."""
    stopped = Flag()
    """The service that holds the GPUs is stopped."""

    def install(self, put: Callable[[object, str, object], None]) -> None:
        """Stand in for the host that the module finds; `put` is setattr, or monkeypatch's."""
        files = {"RECORD": "record", "PROGRAM": "program", "UNIT": "unit"}
        for name, file in files.items():
            put(nvidia_mig_layout, name, str(self.folder / file))
        put(nvidia_mig_layout, "_FILES", tuple(str(self.folder / file) for file in files.values()))
        put(nvidia_mig_layout, "CHANGED", str(self.root / "run/changed"))
        put(nvidia_mig_layout, "locked", partial(mig_apply.locked, path=str(self.root / "run/lock")))
        note = str(self.root / "run/stopped")
        put(nvidia_mig_layout, "apply_plans", partial(mig_apply.apply_plans, note=note))
        put(nvidia_mig_layout, "resume", partial(mig_apply.resume, note=note))
        put(nvidia_mig_layout, "Machine", lambda: Machine(str(self.root / "root")))
        put(nvidia_mig_layout, "Nvml", lambda: Nvml(self.library))
        put(mig_survey, "find", lambda _machine, _gpus, _holders: self.users)
        # In a process that has been a controller before, Ansible shows warnings instead of returning them.
        put(AnsibleModule, "warn", lambda _self, text, **_: self.warnings.append(text))
        put(AnsibleModule, "run_command", lambda _self, argv, **_: self.command(argv))

    def run(
        self, layout: object, *, check: bool = False, consent: bool = True, **options: object
    ) -> dict[str, Any]:
        allowed = {"allow_destroy": consent, "allow_reset": consent}
        arguments = {"layout": layout, **allowed, **options}
        return self.run_module(nvidia_mig_layout, arguments, check=check)

    def command(self, argv: list[str]) -> tuple[int, str, str]:
        verb = argv[1]
        if argv[0] == "nvidia-smi":
            self.calls.append(" ".join(argv))
            return (*self.server.smi(*argv[1:]), "")
        if verb == "show":
            active, enabled = (
                "active" if self.active else "inactive",
                "enabled" if self.enabled else "disabled",
            )
            return 0, f"ActiveState={active}\nUnitFileState={enabled}\n", ""
        self.calls.append(" ".join(argv[1:]))
        if PERSISTENCED in argv:
            self.stopped = verb == "stop"
        if verb == "disable":
            self.enabled = self.active = False
        self.enabled |= verb == "enable"
        if verb == "restart":
            self.active = True
            self.described.write_text("\n".join(sorted(self.uuids())))
        return 0, "", ""

    @property
    def described(self) -> Path:
        """The MIG devices that were there when the unit ran last, as the CDI specification would have them."""
        return self.systemd / "described"

    def reboot(self, *faults: str) -> None:
        """Begin anew: /run and the instances are gone."""
        shutil.rmtree(self.root / "run", ignore_errors=True)
        self.server.power_on(*faults)

    def state(self) -> str:
        """Everything on the host that the module could change."""
        gpus = [{**each, "born": ""} for kind in ("gpu", "gi", "ci") for each in self.server.records(kind)]
        files = {str(path): path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}
        return f"{gpus} {files} {self.enabled} {self.active}"

    def uuids(self) -> set[str]:
        _, listing = self.server.smi("-L")
        return {word.rstrip(")") for word in listing.split() if word.startswith("MIG-")}

    def use(self, uuid: str, *users: User, instance: int | None = None) -> None:
        """Say who uses the GPU, or one of its instances."""
        self.users[uuid] = GpuUsers(users, {} if instance is None else {instance: users})


@pytest.fixture
def bench(
    server: Callable[[dict[str, object]], Server],
    programs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    run_module: Callable[..., dict[str, Any]],
) -> Bench:
    library = str(programs / f"libnvidia-ml.so.{VERSION}")
    made = Bench(server({"gpus": {A100: 2}}), tmp_path, library, run_module)
    made.install(monkeypatch.setattr)
    return made


def gpu_uuid(bench: Bench, number: int = 0) -> str:
    return bench.server.records("gpu")[number]["uuid"]


def on_the_bus(tmp_path: Path, device: str, *, reset: bool = True) -> None:
    """Show both GPUs of the host to those who cannot ask a driver."""
    for address in ("0000:07:00.0", "0000:0f:00.0"):
        folder = tmp_path / "root/sys/bus/pci/devices" / address
        folder.mkdir(parents=True)
        for name, text in (("vendor", "0x10de"), ("device", f"0x{device}"), ("class", "0x030200")):
            (folder / name).write_text(text + "\n")
        if reset:
            (folder / "reset").touch()


def no_driver() -> Nvml:
    raise OSError("libnvidia-ml.so.1: cannot open shared object file")
