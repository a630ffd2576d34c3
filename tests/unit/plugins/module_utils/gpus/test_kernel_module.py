"""From the loaded module to the installed one."""

from typing import Any

import pytest

from provision.plugins.module_utils.gpus.driver_selection import SelectionRefusedError
from provision.plugins.module_utils.gpus.kernel_module import (
    LOAD,
    NONE,
    REBOOT,
    RELOAD,
    Switcher,
    next_step,
    refuse_missing,
)

OLD = {"version": "570.211.01", "flavour": "open"}
NEW = {"version": "580.95.05", "flavour": "open"}
CLIENT = {"kind": "process", "subject": "python (pid 7)"}


def _host(loaded: dict[str, str] | None, **changes: object) -> dict[str, Any]:
    installed = {"6.1": {**NEW, "signer": ""}}
    return {
        "modules": {"loaded": loaded, "installed": installed},
        "clients": [],
        "nouveau_loaded": False,
        **changes,
    }


@pytest.mark.parametrize(
    ("loaded", "changes", "action"),
    [
        (NEW, {}, NONE),
        (NEW, {"clients": [CLIENT]}, NONE),
        (None, {}, LOAD),
        (None, {"nouveau_loaded": True}, LOAD),
        (OLD, {}, RELOAD),
        ({**NEW, "flavour": "proprietary"}, {}, RELOAD),
        (OLD, {"clients": [CLIENT]}, REBOOT),
    ],
)
def test_next_step(loaded: dict[str, str] | None, changes: dict[str, Any], action: str) -> None:
    assert next_step(_host(loaded, **changes), "580.95.05", "open").action == action


def test_a_reboot_names_who_is_in_the_way() -> None:
    assert "process python (pid 7)" in next_step(_host(OLD, clients=[CLIENT]), "580.95.05", "open").reason


@pytest.mark.parametrize(
    ("kernel", "flavour", "message"),
    [("6.2", "open", "it has none"), ("6.1", "proprietary", "it has 580.95.05 open")],
)
def test_a_kernel_without_the_module_is_refused(kernel: str, flavour: str, message: str) -> None:
    with pytest.raises(SelectionRefusedError, match=message):
        refuse_missing(_host(None), kernel, "580.95.05", flavour)


def test_a_kernel_with_the_module_is_not() -> None:
    refuse_missing(_host(None), "6.1", "580.95.05", "open")


class Host:
    """A machine with modules and services."""

    def __init__(self, loaded: set[str], active: set[str], failing: tuple[str, ...] = ()) -> None:
        self.loaded = loaded
        self.active = active
        self.failing = failing
        self.commands: list[str] = []

    def run(self, argv: list[str]) -> tuple[int, str]:
        """Run rmmod, modprobe or systemctl."""
        program, subject = argv[0], argv[-1]
        if argv[:2] == ["systemctl", "show"]:
            states = (
                "active" if unit in self.active else "inactive" for unit in argv[argv.index("--") + 1 :]
            )
            return 0, "\n".join(f"ActiveState={state}\n" for state in states)
        self.commands.append(" ".join(argv))
        if (program, subject) == self.failing:
            return 1, f"{program}: ERROR: Module {subject} is in use\n"
        if program == "rmmod":
            self.loaded.discard(subject)
        return 0, ""

    def switch(self, action: str) -> str | None:
        """Switch this host's modules."""
        return Switcher(self.run, self.loaded.__contains__).switch(action)


def test_a_reload_stops_services_unloads_in_order_and_starts_them_again() -> None:
    host = Host({"nvidia", "nvidia_uvm", "nvidia_modeset"}, {"nvidia-persistenced.service"})
    assert host.switch(RELOAD) is None
    assert host.commands == [
        "systemctl stop nvidia-persistenced.service",
        "rmmod nvidia_uvm",
        "rmmod nvidia_modeset",
        "rmmod nvidia",
        "modprobe nvidia",
        "modprobe nvidia_uvm",
        "systemctl start nvidia-persistenced.service",
    ]


def test_services_run_again_when_the_module_stays() -> None:
    host = Host({"nvidia"}, {"nvidia-persistenced.service"}, ("rmmod", "nvidia"))
    assert host.switch(RELOAD) == "module nvidia cannot be unloaded: rmmod: ERROR: Module nvidia is in use"
    assert host.commands[-1] == "systemctl start nvidia-persistenced.service"
    assert "modprobe nvidia" not in host.commands


def test_nouveau_goes_first() -> None:
    host = Host({"nouveau"}, set())
    assert host.switch(LOAD) is None
    assert host.commands[:2] == ["rmmod nouveau", "modprobe nvidia"]


def test_nouveau_that_stays_needs_a_reboot() -> None:
    assert "nouveau cannot be unloaded" in str(Host({"nouveau"}, set(), ("rmmod", "nouveau")).switch(LOAD))
