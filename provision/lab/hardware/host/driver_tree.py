"""What the nvidia module shows while it is loaded: /proc/driver, /proc/devices, and its device files."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import clients
import layout
import shadow

_PROC = layout.TREE / "proc-driver"
_DEVICES = layout.TREE / "proc-devices"
_FRONTEND = clients.FRONTEND_MAJOR
_CONTROL_MINOR = 255
_MODESET_MINOR = 254
_INSTANCES = 15
_MINORS_PER_INSTANCE = 9
_BUILT = "Tue Sep 23 10:11:16 UTC 2025"


def build() -> None:
    """Show /proc/driver and /proc/devices with room for what the module adds."""
    shadow.copy(Path("/proc/driver"), _PROC)
    _DEVICES.write_text(Path("/proc/devices").read_text())
    # The machine that the lab runs on may have GPUs of its own.
    vanish()
    shadow.bind(_PROC, "/proc/driver")
    shadow.bind(_DEVICES, "/proc/devices")


def appear(
    version: str,
    flavour: str,
    gpus: list[dict[str, str]],
    models: dict[str, dict[str, str]],
    switches: list[str],
) -> None:
    """Show everything that a freshly loaded module shows."""
    root = _PROC / "nvidia"
    shadow.write(root / "version", _version(version, flavour))
    shadow.write(
        root / "params",
        'DeviceFileUID: 0\nDeviceFileGID: 0\nDeviceFileMode: 438\nCoherentGPUMemoryMode: ""\n',
    )
    shadow.write(root / "registry", 'Binary: ""\n')
    for gpu in gpus:
        _gpu(root, gpu, models[gpu["model"]], version)
    shadow.write(root / "capabilities/mig/config", _capability(1))
    shadow.write(root / "capabilities/mig/monitor", _capability(2))
    shadow.write(_PROC / "nvidia-caps/mig-minors", _mig_minors(len(gpus)))
    _switches(switches)
    _characters(bool(switches))
    _nodes(gpus, switches)


def vanish() -> None:
    """Take back what `appear` showed. Device files stay, as they do on a real host."""
    for name in ("nvidia", "nvidia-caps", "nvidia-nvswitch"):
        shadow.remove(_PROC / name)
    _DEVICES.write_text("".join(line for line in _DEVICES.open() if "nvidia" not in line))


def _version(version: str, flavour: str) -> str:
    if flavour == "open":
        module = f"NVIDIA UNIX Open Kernel Module for x86_64  {version}  Release Build  (root@localhost)"
    else:
        module = f"NVIDIA UNIX x86_64 Kernel Module  {version}"
    return f"NVRM version: {module}  {_BUILT}\nGCC version:  gcc version 12.2.0 (Debian 12.2.0-14)\n"


def _gpu(root: Path, gpu: dict[str, str], model: dict[str, str], version: str) -> None:
    address = gpu["pci"][4:].lower()
    shadow.write(
        root / "gpus" / address / "information",
        "Model: \t\t {}\nIRQ:   \t\t {}\nGPU UUID: \t {}\nVideo BIOS: \t 96.00.74.00.01\nBus Type: \t PCIe\n"
        "DMA Size: \t 52 bits\nDMA Mask: \t 0xfffffffffffff\nBus Location: \t {}\nDevice Minor: \t {}\n"
        "GPU Firmware: \t {}\nGPU Excluded:\t No\n".format(
            model["name"], 16 + int(gpu["index"]), gpu["uuid"], address, gpu["minor"], version
        ),
    )
    shadow.write(root / "gpus" / address / "registry", 'Binary: ""\n')


def _capability(minor: int) -> str:
    return f"DeviceFileMinor: {minor}\nDeviceFileMode: 292\nDeviceFileModify: 1\n"


def _mig_minors(gpus: int) -> str:
    """Return the table of capability minors: per GPU instance its own and those of eight compute instances."""
    lines = ["config 1", "monitor 2"]
    minor = 3
    for gpu in range(max(gpus, 8)):
        for instance in range(_INSTANCES):
            lines.append(f"gpu{gpu}/gi{instance}/access {minor}")
            for compute in range(_MINORS_PER_INSTANCE - 1):
                lines.append(f"gpu{gpu}/gi{instance}/ci{compute}/access {minor + 1 + compute}")
            minor += _MINORS_PER_INSTANCE
    return "\n".join(lines) + "\n"


def _switches(addresses: list[str]) -> None:
    for number, address in enumerate(addresses):
        shadow.write(
            _PROC / "nvidia-nvswitch/devices" / address / "information",
            f"Physical ID: {number}\nBus Location: {address}\n",
        )
    if addresses:
        shadow.write(_PROC / "nvidia-nvswitch/permissions", "DeviceFileMinor: 255\nDeviceFileMode: 438\n")


def _characters(with_switches: bool) -> None:
    names = {_FRONTEND: "nvidia", clients.CAPS_MAJOR: "nvidia-caps", clients.UVM_MAJOR: "nvidia-uvm"}
    if with_switches:
        names[clients.NVSWITCH_MAJOR] = "nvidia-nvswitch"
    lines = _DEVICES.read_text().splitlines(True)
    end = lines.index("\n") if "\n" in lines else len(lines)
    added = [f"{major:>3} {name}\n" for major, name in sorted(names.items())]
    _DEVICES.write_text("".join(lines[:end] + added + lines[end:]))


def _nodes(gpus: list[dict[str, str]], switches: list[str]) -> None:
    _node("nvidiactl", _FRONTEND, _CONTROL_MINOR, 0o666)
    _node("nvidia-modeset", _FRONTEND, _MODESET_MINOR, 0o666)
    _node("nvidia-uvm", clients.UVM_MAJOR, 0, 0o666)
    _node("nvidia-uvm-tools", clients.UVM_MAJOR, 1, 0o666)
    for gpu in gpus:
        _node("nvidia" + gpu["minor"], _FRONTEND, int(gpu["minor"]), 0o666)
    for minor in (1, 2):
        _node(
            f"nvidia-caps/nvidia-cap{minor}",
            clients.CAPS_MAJOR,
            minor,
            0o400 if minor == 1 else 0o444,
        )
    if switches:
        _node("nvidia-nvswitchctl", clients.NVSWITCH_MAJOR, _CONTROL_MINOR, 0o666)
    for number in range(len(switches)):
        _node(f"nvidia-nvswitch{number}", clients.NVSWITCH_MAJOR, number, 0o666)


def _node(name: str, major: int, minor: int, mode: int) -> None:
    path = Path("/dev") / name
    path.parent.mkdir(mode=0o755, exist_ok=True)
    if not path.exists():
        os.mknod(str(path), stat.S_IFCHR | mode, os.makedev(major, minor))
        path.chmod(mode)
