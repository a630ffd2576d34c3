"""The simulated kernel: which of the GPUs' modules load, which do not and why, and when they can be unloaded."""

from __future__ import annotations

from typing import Any

import clients
import description
import driver_tree
import module_files
import module_tree
import pci_tree
import records
from kernel_log import say
from module_files import DEPENDENCIES, NVIDIA, ModuleFile
from state import State

SIMULATED = (*NVIDIA, "nouveau")
_DEVICES = {
    "nvidia": (clients.FRONTEND_MAJOR, clients.CAPS_MAJOR, clients.NVSWITCH_MAJOR),
    "nvidia_uvm": (clients.UVM_MAJOR,),
}
_COMPANIONS = ("nvidia_modeset", "nvidia_drm", "nvidia_uvm")
_NO_SUCH_DEVICE = "No such device"


class Refused(Exception):
    """The kernel's answer to a module that it does not take, in the words of errno."""


class NotFound(Exception):
    """There is no file of that module for the running kernel."""


class InUse(Exception):
    """A module cannot be unloaded; `holders` are the modules that need it, if any."""

    def __init__(self, holders: list[str]) -> None:
        super().__init__()
        self.holders = holders


def load(state: State, name: str) -> None:
    """Load a module and what it depends on. Raises NotFound or Refused."""
    if state.module(name) is not None:
        return
    if name == "nouveau":
        _load_nouveau(state)
        return
    found = module_files.find(name)
    if found is None:
        raise NotFound()
    for dependency in DEPENDENCIES[name]:
        load(state, dependency)
    _check_file(state, found)
    if name == "nvidia":
        _load_driver(state, found)
    else:
        state.add("module", name=name, version=found.version, flavour=found.flavour)
        module_tree.add(name, found.version)


def load_with_companions(state: State, name: str) -> None:
    """Load a module; after `nvidia`, udev's rules load the other ones that are installed."""
    load(state, name)
    if name == "nvidia":
        for companion in _COMPANIONS:
            if module_files.find(companion) is not None:
                load(state, companion)


def unload(state: State, name: str) -> None:
    """Unload one module. Raises InUse."""
    if state.module(name) is None:
        return
    blocked = module_tree.holders(name)
    if blocked or state.fault("module_in_use") or clients.holders(_DEVICES.get(name, ())):
        raise InUse(blocked)
    state.remove("module", name=name)
    module_tree.remove(name)
    if name == "nvidia":
        driver_tree.vanish()
        records.driver_unloaded(state)
    if name in ("nvidia", "nouveau"):
        _bind_gpus(None)


def unload_by_itself(state: State) -> None:
    """Take all modules of the driver away, whoever holds them: a fault, not an operation."""
    for name in reversed(NVIDIA):
        if state.module(name) is not None:
            state.remove("module", name=name)
            module_tree.remove(name)
    driver_tree.vanish()
    records.driver_unloaded(state)
    _bind_gpus(None)


def _load_nouveau(state: State) -> None:
    if state.module("nvidia") is None:
        _bind_gpus("nouveau")
    state.add("module", name="nouveau")
    module_tree.add("nouveau")


def _check_file(state: State, found: ModuleFile) -> None:
    if state.fault("module_rejected"):
        say(f"{found.path.stem}: disagrees about version of symbol module_layout")
        raise Refused("Exec format error")
    if state.fault("secure_boot") and not found.signed:
        say("Loading of unsigned module is rejected")
        raise Refused("Key was rejected by service")


def _load_driver(state: State, found: ModuleFile) -> None:
    described = description.read()
    gpus = state.of("gpu")
    if not gpus:
        say("NVRM: No NVIDIA GPU found.")
        raise Refused(_NO_SUCH_DEVICE)
    if state.module("nouveau") is not None:
        say("NVRM: GPU {} is already bound to nouveau.".format(gpus[0]["pci"][4:].lower()))
        say(f"NVRM: The NVIDIA probe routine was not called for {len(gpus)} device(s).")
        raise Refused(_NO_SUCH_DEVICE)
    for gpu in gpus:
        _check_support(gpu, described["models"][gpu["model"]], found)
    say("nvidia: loading out-of-tree module taints kernel.")
    say(f"NVRM: loading NVIDIA UNIX {_wording(found)} Kernel Module  {found.version}")
    devices = description.present_devices(described)
    switches = [device["pci"] for device in devices if device["kind"] == "nvswitch"]
    state.add("module", name="nvidia", version=found.version, flavour=found.flavour)
    module_tree.add("nvidia", found.version)
    models = {model["id"]: model for model in state.of("model")}
    driver_tree.appear(found.version, found.flavour, gpus, models, switches)
    _bind_gpus("nvidia")


def _check_support(gpu: dict[str, str], model: dict[str, Any], found: ModuleFile) -> None:
    """Refuse a module of a flavour or branch that is not made for the GPU, in the module's own words."""
    driver = model["driver"]
    branch = int(found.version.split(".")[0])
    where = "GPU {} (PCI ID: {})".format(gpu["pci"][4:].lower(), gpu["device"][2:6])
    if driver["last"] is not None and branch > driver["last"]:
        say(f"NVRM: The NVIDIA {where} installed in this system is supported")
        say("NVRM: through the NVIDIA {}.xx Legacy drivers.".format(driver["last"]))
    elif branch < driver["first"]:
        say(f"NVRM: The NVIDIA {where} installed in this system")
        say(f"NVRM: is not supported by the NVIDIA {found.version} driver release.")
    elif found.flavour in driver["flavours"]:
        return
    elif found.flavour == "open":
        say(f"NVRM: The NVIDIA {where}")
        say("NVRM: installed in this system is not supported by open")
        say("NVRM: nvidia.ko because it does not include the required GPU")
        say("NVRM: System Processor (GSP).")
    else:
        say(f"NVRM: The NVIDIA {where} installed in this system")
        say("NVRM: requires use of the NVIDIA open kernel modules.")
    raise Refused(_NO_SUCH_DEVICE)


def _wording(found: ModuleFile) -> str:
    return "Open" if found.flavour == "open" else "x86_64"


def _bind_gpus(driver: str | None) -> None:
    for device in description.present_devices(description.read()):
        if device["kind"] == "gpu":
            pci_tree.bind_driver(device["pci"], driver)
