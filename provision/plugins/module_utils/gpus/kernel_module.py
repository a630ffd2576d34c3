"""Brings the loaded nvidia module in step with the installed one, without a reboot where that is possible.

Decisions are pure; Switcher does what they say.
"""

from __future__ import annotations

import re
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional

from ..host.systemd import Run, show
from .driver_selection import SelectionRefusedError
from .services import SERVICES

NONE = "none"
LOAD = "load"
RELOAD = "reload"
REBOOT = "reboot"

# Dependents first: a module that another one uses cannot be unloaded.
UNLOAD_ORDER = ("nvidia_peermem", "nvidia_fs", "nvidia_uvm", "nvidia_drm", "nvidia_modeset", "nvidia")


class Step(NamedTuple):
    """What is to be done, and why that is not less."""

    action: str
    reason: str = ""


def next_step(host: Mapping[str, Any], version: str, flavour: str) -> Step:
    """Return how to get from what is loaded to `version` and `flavour`. `host` is what gpu_info returns."""
    loaded = host["modules"]["loaded"]
    if loaded and (loaded["version"], loaded["flavour"]) == (version, flavour):
        return Step(NONE)
    clients = ["%s %s" % (each["kind"], each["subject"]) for each in host["clients"]]
    if loaded and clients:
        return Step(REBOOT, "%s use the loaded module %s" % (", ".join(clients), loaded["version"]))
    if loaded:
        return Step(RELOAD, "%s %s is loaded" % (loaded["version"], loaded["flavour"]))
    return Step(LOAD, "nouveau is loaded" if host["nouveau_loaded"] else "no module is loaded")


def has_module(host: Mapping[str, Any], kernel: str, version: str, flavour: str) -> bool:
    """Tell whether a kernel has the module of this version and flavour. `host` is what gpu_info returns."""
    present = host["modules"]["installed"].get(kernel)
    return bool(present) and (present["version"], present["flavour"]) == (version, flavour)


def dkms_name(status: str, version: str) -> Optional[str]:
    """Return the name under which DKMS has the driver at this version, None where it does not.

    `dkms status` writes `nvidia/580.95.05, 6.1.0, x86_64: installed`, before DKMS 3 `nvidia, 580.95.05, ...`.
    """
    found = re.search(r"^(nvidia[\w-]*)(?:/|, ){}[,:]".format(re.escape(version)), status, re.MULTILINE)
    return found.group(1) if found else None


def refuse_missing(host: Mapping[str, Any], kernel: str, version: str, flavour: str) -> None:
    """Refuse to go on, or to reboot, into a kernel that has no module of this version and flavour."""
    if has_module(host, kernel, version, flavour):
        return
    present = host["modules"]["installed"].get(kernel)
    found = "it has %s %s" % (present["version"], present["flavour"]) if present else "it has none"
    raise SelectionRefusedError(
        "kernel %s has no %s nvidia module %s: %s" % (kernel, flavour, version, found),
        "see /var/lib/dkms/nvidia/%s/build/make.log on the host; are the headers of that kernel there?"
        % version,
    )


class Switcher:
    """Unloads and loads modules. `run` returns status and output of a program."""

    def __init__(self, run: Run, is_loaded: Callable[[str], bool]) -> None:
        self._run = run
        self._is_loaded = is_loaded

    def switch(self, action: str) -> Optional[str]:
        """Carry out LOAD or RELOAD; return why it needs a reboot, or None when the module is loaded now."""
        stopped = self._stop_services() if action == RELOAD else []
        trouble = self._unload(UNLOAD_ORDER) if action == RELOAD else self._unload(("nouveau",))
        if trouble is None:
            trouble = self._load()
        for unit in stopped:
            self._run(["systemctl", "start", unit])
        return trouble

    def _stop_services(self) -> List[str]:
        active = [unit.name for unit in show(self._run, SERVICES) if unit.is_up]
        for unit in active:
            self._run(["systemctl", "stop", unit])
        return active

    def _unload(self, names: "tuple[str, ...]") -> Optional[str]:
        for name in names:
            if self._is_loaded(name):
                code, output = self._run(["rmmod", name])
                if code:
                    return "module %s cannot be unloaded: %s" % (name, _last_line(output))
        return None

    def _load(self) -> Optional[str]:
        code, output = self._run(["modprobe", "nvidia"])
        if code:
            return "module nvidia cannot be loaded: %s" % _last_line(output)
        # Without it containers start before /dev/nvidia-uvm exists. Not every driver package has it.
        self._run(["modprobe", "nvidia_uvm"])
        return None


def diff(before: Optional[Dict[str, str]], version: str, flavour: str) -> Dict[str, str]:
    """Return the diff of the loaded module."""
    was = "%s %s\n" % (before["version"], before["flavour"]) if before else ""
    return {
        "before_header": "loaded module nvidia",
        "after_header": "loaded module nvidia",
        "before": was,
        "after": "%s %s\n" % (version, flavour),
    }


def build_diff(kernel: str, version: str, flavour: str) -> Dict[str, str]:
    """Return the diff of a module that DKMS builds."""
    header = "module nvidia for kernel %s" % kernel
    after = "%s %s\n" % (version, flavour)
    return {"before_header": header, "after_header": header, "before": "", "after": after}


def _last_line(output: str) -> str:
    return next((line.strip() for line in reversed(output.splitlines()) if line.strip()), "no output")
