"""fault NAME on|off: makes one thing go wrong on this server, or right again."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import class_tree
import description
import kernel
import layout
import pci_tree
import records
import state
from kernel_log import say
from state import State

_HERE = Path(__file__).resolve().parent
_CLIENT = layout.RUN / "client.pid"
_PORT = layout.TREE / "class/infiniband/mlx5_0/ports/1"
_PERSISTENT = (
    "driver_not_loaded",
    "module_rejected",
    "gpu_missing",
    "mig_reset_blocked",
    "mig_reset_by_hand",
    "nouveau_loaded",
    "secure_boot",
)


def main() -> None:
    """Switch a fault; without arguments, list them with what is on."""
    known = json.loads((_HERE / "faults.json").read_text())
    arguments = sys.argv[1:]
    if not arguments:
        on = {fault["name"] for fault in state.State.load().of("fault")}
        for name, text in sorted(known.items()):
            sys.stdout.write("{} {:24} {}\n".format("*" if name in on else " ", name, text))
        return
    if len(arguments) != 2 or arguments[0] not in known or arguments[1] not in ("on", "off"):
        sys.stderr.write("usage: fault NAME on|off, NAME one of: {}\n".format(", ".join(sorted(known))))
        sys.exit(2)
    if os.geteuid() != 0:
        sys.stderr.write("fault: only root can do that\n")
        sys.exit(1)
    name, enabled = arguments[0], arguments[1] == "on"
    if name in _PERSISTENT:
        description.set_fault(name, enabled)
    with state.locked() as found:
        found.remove("fault", name=name)
        if enabled:
            found.add("fault", name=name)
        _EFFECTS.get(name, _nothing)(found, enabled)


def _nothing(_found: State, _enabled: bool) -> None:
    """The driver's library or the simulated kernel asks for this fault itself."""


def _driver_not_loaded(found: State, enabled: bool) -> None:
    if enabled:
        kernel.unload_by_itself(found)
    else:
        _load_driver(found)


def _nouveau_loaded(found: State, enabled: bool) -> None:
    if enabled:
        kernel.unload_by_itself(found)
        kernel.load(found, "nouveau")
    else:
        kernel.unload(found, "nouveau")


def _mig_reset_blocked(found: State, enabled: bool) -> None:
    pci_tree.allow_resets(records.addresses(found), not enabled)


def _secure_boot(_found: State, enabled: bool) -> None:
    class_tree.set_secure_boot(enabled)


def _gpu_lost(found: State, enabled: bool) -> None:
    gpus = found.of("gpu")
    if gpus:
        gpus[-1]["lost"] = "1" if enabled else "0"
        if enabled:
            address = gpus[-1]["pci"][4:-2].lower()
            say(
                f"NVRM: Xid (PCI:{address}): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus."
            )


def _gpu_missing(found: State, enabled: bool) -> None:
    described = description.read()
    device = description.last_gpu(described["devices"])
    if device is None:
        return
    if enabled:
        pci_tree.remove(device["pci"])
    else:
        pci_tree.add(device, described["devices"].index(device))
    _power_cycle(found, described)


def _gpu_replaced(found: State, enabled: bool) -> None:
    described = description.read()
    device = description.last_gpu(described["devices"])
    if device is not None and enabled:
        description.replace_part(device["pci"])
        _power_cycle(found, described)


def _power_cycle(found: State, described: dict[str, Any]) -> None:
    """Bring the GPUs up anew, with the driver if it was loaded."""
    loaded = found.module("nvidia") is not None
    kernel.unload_by_itself(found)
    records.power_on(found, described)
    if loaded:
        _load_driver(found)


def _load_driver(found: State) -> None:
    try:
        kernel.load_with_companions(found, "nvidia")
    except (kernel.NotFound, kernel.Refused) as answer:
        sys.stderr.write("fault: the driver does not load: {}\n".format(answer or "not installed"))


def _gpu_in_use(found: State, enabled: bool) -> None:
    if _CLIENT.exists():
        pid = int(_CLIENT.read_text())
        _CLIENT.unlink()
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    if enabled and found.module("nvidia") is None:
        sys.stderr.write("fault: the driver is not loaded, so nothing can hold its GPUs\n")
        sys.exit(1)
    if enabled:
        nodes = ["/dev/nvidiactl", "/dev/nvidia-uvm"] + [
            "/dev/nvidia" + gpu["minor"] for gpu in found.of("gpu")
        ]
        # Opening a device that has no driver fails; O_PATH gives the descriptor that tells who holds it.
        held = [os.open(node, os.O_PATH) for node in nodes]
        client = subprocess.Popen(
            [sys.executable, str(_HERE / "client.py")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=held,
        )
        _CLIENT.write_text(f"{client.pid}\n")


def _ib_port_down(_found: State, enabled: bool) -> None:
    if _PORT.is_dir():
        (_PORT / "state").write_text("1: DOWN\n" if enabled else "4: ACTIVE\n")
        (_PORT / "phys_state").write_text("3: Disabled\n" if enabled else "5: LinkUp\n")


_EFFECTS = {
    "driver_not_loaded": _driver_not_loaded,
    "nouveau_loaded": _nouveau_loaded,
    "secure_boot": _secure_boot,
    "gpu_lost": _gpu_lost,
    "gpu_missing": _gpu_missing,
    "gpu_replaced": _gpu_replaced,
    "gpu_in_use": _gpu_in_use,
    "ib_port_down": _ib_port_down,
    "mig_reset_blocked": _mig_reset_blocked,
}
