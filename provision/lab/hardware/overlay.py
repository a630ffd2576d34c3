"""The files that make a plain server image a server with this hardware."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from provision.lab.hardware.description import describe
from provision.lab.hardware.hardware import Hardware

_HOST = Path(__file__).with_name("host")
_PROGRAMS = "usr/lib/lab-hardware"
_COMMANDS = ("boot", "fault", "load-modules", "modprobe", "rmmod", "dmesg")
_ON_PATH = ("modprobe", "rmmod", "dmesg")
_UNITS = "etc/systemd/system"

FAULTS: Mapping[str, str] = MappingProxyType(json.loads((_HOST / "faults.json").read_text()))
"""What can be made to go wrong on a server, by name: one line of help each. Inside: `fault NAME on|off`."""


def write_overlay(hardware: Hardware, destination: Path) -> None:
    """Write everything that a server with this hardware has beyond its image, as a tree to copy onto its `/`.

    The tree works from the server's first start on and through every reboot; it needs Python 3.8 and kmod there.
    """
    _write(destination / "etc/lab-hardware/hardware.json", json.dumps(describe(hardware), indent=1) + "\n")
    programs = destination / _PROGRAMS
    programs.mkdir(parents=True, exist_ok=True)
    for source in sorted(_HOST.glob("*.py")):
        shutil.copyfile(source, programs / source.name)
    shutil.copyfile(_HOST / "faults.json", programs / "faults.json")
    for command in _COMMANDS:
        module = command.replace("-", "_")
        _write(
            programs / command,
            f"#!/usr/bin/python3\nimport {module}_command\n\n{module}_command.main()\n",
            0o755,
        )
    for command in _ON_PATH:
        _link(destination / "usr/local/sbin" / command, f"/{_PROGRAMS}/{command}")
    _write(destination / _UNITS / "lab-hardware.service", (_HOST / "lab-hardware.service").read_text())
    _link(
        destination / _UNITS / "sysinit.target.wants/lab-hardware.service",
        f"/{_UNITS}/lab-hardware.service",
    )
    # systemd asks the kernel itself to load modules, which the simulated ones cannot honour.
    _write(
        destination / _UNITS / "systemd-modules-load.service.d/lab-hardware.conf",
        f"[Service]\nExecStart=\nExecStart=/{_PROGRAMS}/load-modules\n",
    )


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def _link(path: Path, target: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(target)
