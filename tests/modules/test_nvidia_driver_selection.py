"""nvidia_driver_selection: what it asks of the host, in which order, and what it tells."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from provision import yaml_file
from provision.plugins.module_utils.gpus import boards
from provision.plugins.module_utils.host.refusal import RefusedError
from provision.plugins.module_utils.packages.managers import PackageManager, PackageManagerError, Space
from provision.plugins.module_utils.packages.transaction import Request, Transaction
from provision.plugins.modules import nvidia_driver_selection

from .conftest import RunModule

CATALOGUE = Path(__file__).parents[2] / "roles/nvidia_driver/vars/Debian.yml"
KERNEL = "6.1.0-50-amd64"
NEW, OLD = "580.178.04", "580.95.05"
HEADERS = {f"linux-headers-{KERNEL}": ["6.1-1"]}
OPTIONS = {
    "version": "580",
    "catalogue": yaml_file.read(CATALOGUE)["__nvidia_driver_catalogue"],
    "branches": [580, 595],
    "free_space_mib": 0,
}


class Packages(PackageManager):
    """A repository that has both releases, and a host that has nothing; keeps what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.lists_are_readable = True

    def refresh(self) -> None:
        self.asked.append("refresh")
        if not self.lists_are_readable:
            raise PackageManagerError("apt-get update failed", "look at the network")

    def installed(self) -> dict[str, str]:
        return {}

    def held(self) -> frozenset[str]:
        return frozenset()

    def versions(self, names: list[str]) -> dict[str, list[str]]:
        return {name: HEADERS.get(name, [f"{NEW}-1", f"{OLD}-1"]) for name in names}

    def dependencies(self, packages: Mapping[str, str]) -> dict[str, list[list[str]]]:
        return {name: [["libnvidia-ml1"]] for name in packages if name == "nvidia-driver-cuda"}

    def simulate(self, request: Request) -> Transaction:
        self.asked.append("simulate")
        return Transaction(
            {name: version or "1" for name, version in request.packages.items()}, {}, {}, [], [], []
        )

    def space(self, _: Mapping[str, str]) -> Space:
        return Space(0, 0)


class Host:
    """A host with one GPU, as the survey shows it."""

    def __init__(self, pci_id: str) -> None:
        gpu = boards.gpu(pci_id)
        assert gpu is not None
        self.found: dict[str, Any] = {
            "gpus": [{"pci": "0000:07:00.0", **gpu._asdict()}],
            "nvswitches": [],
            "nvlink5": False,
            "rack_scale": False,
            "kernel": KERNEL,
            "modules": {"needed": gpu.modules, "loaded": None, "installed": {}},
            "secure_boot": {"enabled": False, "key_enrolled": False},
            "clients": [],
        }
        self.packages = Packages()
        self.lost: list[str] = []

    def has_driver(self, version: str) -> None:
        """Have a driver loaded."""
        self.found["modules"]["loaded"] = {"version": version, "flavour": "open"}


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    host = Host("10de:20b0")

    @contextmanager
    def opened(*_: object) -> Iterator[PackageManager]:
        yield host.packages

    def refuse_loss(lost: list[str], cause: str) -> None:
        if lost:
            raise RefusedError(f"{cause} destroy {', '.join(lost)}", "allow it")

    monkeypatch.setattr(nvidia_driver_selection, "survey", lambda _: host.found)
    monkeypatch.setattr(nvidia_driver_selection, "opened", opened)
    monkeypatch.setattr(nvidia_driver_selection, "_lost", lambda *_: host.lost)
    monkeypatch.setattr(nvidia_driver_selection, "refuse_loss", refuse_loss)
    return host


def run(run_module: RunModule, **changes: object) -> dict[str, Any]:
    return run_module(nvidia_driver_selection, {**OPTIONS, "manager": "apt", **changes})


def test_the_newest_of_the_branch_is_chosen_with_what_it_depends_on(
    run_module: RunModule, host: Host
) -> None:
    result = run(run_module)
    assert (result["changed"], result["version"], result["flavour"]) == (False, NEW, "open")
    assert result["packages"]["nvidia-driver-cuda"] == f"{NEW}-1"
    assert result["packages"]["libnvidia-ml1"] == f"{NEW}-1"
    assert "libnvidia-ml1" in result["held"]
    assert (result["units"], result["replaces_module"]) == (["nvidia-persistenced.service"], False)
    assert host.packages.asked == ["refresh", "simulate"]


def test_a_driver_that_is_loaded_at_another_version_is_replaced(run_module: RunModule, host: Host) -> None:
    host.has_driver(OLD)
    assert run(run_module)["replaces_module"] is True
    assert run(run_module, version=OLD)["replaces_module"] is False


def _no_gpu(host: Host) -> None:
    host.found["gpus"] = []


def _secure_boot(host: Host) -> None:
    host.found["secure_boot"]["enabled"] = True


def _workload(host: Host) -> None:
    host.has_driver(OLD)
    host.found["clients"] = [{"kind": "process", "subject": "python3"}]


def _partitions(host: Host) -> None:
    host.has_driver(OLD)
    host.lost = ["1g.5gb"]


@pytest.mark.parametrize(
    ("broken", "options", "message", "asked"),
    [
        (_no_gpu, {}, "no NVIDIA GPU on the PCI bus", []),
        (_secure_boot, {}, "Secure Boot is on", []),
        (lambda _: None, {"version": "latest"}, "`nvidia_driver_version: latest` is neither", []),
        (lambda _: None, {"version": "580.1.2"}, "there is no driver 580.1.2", ["refresh"]),
        (_workload, {}, f"driver {NEW} would replace {OLD} under process python3", ["refresh"]),
        (_partitions, {}, f"driver {NEW} would replace the loaded one, and destroy 1g.5gb", ["refresh"]),
    ],
    ids=["no GPU", "Secure Boot", "no version", "unknown version", "workload", "partitions"],
)
def test_a_refusal_comes_before_anything_that_is_dearer(
    run_module: RunModule,
    host: Host,
    *,
    broken: Callable[[Host], None],
    options: dict[str, object],
    message: str,
    asked: list[str],
) -> None:
    broken(host)
    result = run(run_module, **options)
    assert (result["failed"], result["refused"]) == (True, True)
    assert result["msg"].startswith(message)
    assert result["hint"]
    assert host.packages.asked == asked


def test_consent_lets_it_go_on(run_module: RunModule, host: Host) -> None:
    _workload(host)
    host.lost = ["1g.5gb"]
    assert run(run_module, allow_reboot=True, allow_mig_destroy=True)["version"] == NEW


def test_a_package_manager_in_trouble_is_a_failure_and_no_refusal(run_module: RunModule, host: Host) -> None:
    host.packages.lists_are_readable = False
    result = run(run_module)
    assert (result["msg"], result["hint"]) == ("apt-get update failed", "look at the network")
    assert "refused" not in result
