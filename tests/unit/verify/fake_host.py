"""A host in a folder: files where a real one has them, and programs that answer as real ones do."""

import json
import shlex
from collections.abc import Mapping
from pathlib import Path

DRIVER = "580.95.05"
IMAGE = "registry.test/cuda:base"
GPUS = {
    "0000:1b:00.0": "GPU-11111111-1111-1111-1111-111111111111",
    "0000:43:00.0": "GPU-22222222-2222-2222-2222-222222222222",
}
TOOLKIT = (
    "nvidia-container-toolkit",
    "nvidia-container-toolkit-base",
    "libnvidia-container-tools",
    "libnvidia-container1",
)
DRIVER_PACKAGES = ("nvidia-driver-cuda", "nvidia-kernel-open-dkms", "nvidia-fabricmanager", "libnvidia-ml1")

RUNTIME = "--env NVIDIA_VISIBLE_DEVICES=all --env NVIDIA_DRIVER_CAPABILITIES=utility"
START = "run --rm --network none --entrypoint"
QUERY = "--query-gpu=uuid,pci.bus_id,persistence_mode,mig.mode.current,driver_version --format=csv,noheader"
LISTING = "".join(f"GPU {n}: NVIDIA H100 80GB HBM3 (UUID: {uuid})\n" for n, uuid in enumerate(GPUS.values()))


class FakeHost:
    """A healthy host with two H100 and an NVSwitch; a test breaks what it is about."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.programs: dict[str, dict[str, tuple[int, str]]] = {}
        for address in GPUS:
            self.pci(address, "0x2330", "0x030200")
        self.pci("0000:07:00.0", "0x22a3", "0x068000")
        self.write("/sys/module/nvidia/version", DRIVER + "\n")
        self.write("/proc/driver/nvidia/version", f"NVRM version: NVIDIA UNIX x86_64  {DRIVER}\n")
        self.write("/etc/docker/daemon.json", '{"default-runtime": "nvidia"}\n')
        self.library(DRIVER)
        self.cdi("/var/run/cdi/nvidia.yaml", DRIVER, ["0", "1", *GPUS.values(), "all"])
        self.smi()
        self.answer("modinfo", "-F version nvidia", DRIVER + "\n")
        self.answer("dmesg", "", "[1.0] NVRM: loading NVIDIA UNIX\n[2.0] usb 1-1\n")
        self.answer("nvidia-ctk", "cdi list", "nvidia.com/gpu=all\n")
        for name in ("nvidia-persistenced", "nvidia-fabricmanager", "docker"):
            self.unit(name, "active", "enabled")
        self.packages({**dict.fromkeys(DRIVER_PACKAGES, f"{DRIVER}-1"), **dict.fromkeys(TOOLKIT, "1.18.0-1")})
        self.held(*DRIVER_PACKAGES, *TOOLKIT)
        self.docker()
        self.user("alice", "alice docker", 0)

    def pci(self, address: str, device: str, kind: str, vendor: str = "0x10de") -> None:
        for name, value in {"vendor": vendor, "device": device, "class": kind}.items():
            self.write(f"/sys/bus/pci/devices/{address}/{name}", value + "\n")

    def smi(
        self,
        listing: str = LISTING,
        *,
        code: int = 0,
        gpus: Mapping[str, str] = GPUS,
        mig: str = "Disabled",
        persistence: str = "Enabled",
    ) -> None:
        rows = (f"{uuid}, 0000{bus.upper()}, {persistence}, {mig}, {DRIVER}\n" for bus, uuid in gpus.items())
        self.answer("nvidia-smi", QUERY, "".join(rows) or "No devices were found\n", code)
        self.answer("nvidia-smi", "-L", listing, code)
        fabric = "    Fabric\n        State                             : Completed\n"
        self.answer(
            "nvidia-smi", "-q", (fabric + "        Status                            : Success\n") * 2
        )

    def library(self, version: str) -> None:
        folder = "/usr/lib/x86_64-linux-gnu"
        self.write(f"{folder}/libnvidia-ml.so.{version}", "")
        link = self.root / folder[1:] / "libnvidia-ml.so.1"
        link.unlink(missing_ok=True)
        link.symlink_to(f"libnvidia-ml.so.{version}")
        self.answer("ldconfig", "-p", f"\tlibnvidia-ml.so.1 (libc6,x86-64) => {folder}/libnvidia-ml.so.1\n")

    def cdi(self, path: str, driver: str, names: list[str]) -> None:
        devices = "".join(f'- name: "{name}"\n' for name in names)
        mount = f"  mounts:\n  - hostPath: /usr/lib/libnvidia-ml.so.{driver}\n"
        head = "cdiVersion: 0.5.0\nkind: nvidia.com/gpu\n"
        self.write(path, f"{head}devices:\n{devices}containerEdits:\n{mount}")

    def unit(self, name: str, state: str, at_boot: str) -> None:
        told = f"LoadState=loaded\nActiveState={state}\nSubState=x\nUnitFileState={at_boot}\n"
        properties = "--property=LoadState,ActiveState,SubState,UnitFileState"
        self.answer("systemctl", f"show {name}.service {properties}", told)
        journal = f"--unit {name}.service --lines 20 --no-pager"
        self.answer("journalctl", journal, f"Nov 22 host {name}[7]: journal of {name}\n")

    def packages(self, versions: Mapping[str, str]) -> None:
        lines = "".join(f"installed {name} {version}\n" for name, version in versions.items())
        lines += "config-files nvidia-docker2 2.13.0-1\ninstalled bash 5.2-1\n"
        query = "--show --showformat ${db:Status-Status} ${Package} ${Version}\\n"
        self.answer(
            "dpkg-query", query, lines + "config-files nvidia-docker2 2.13.0-1\ninstalled bash 5.2-1\n"
        )

    def held(self, *names: str) -> None:
        self.answer("apt-mark", "showhold", "".join(f"{name}\n" for name in names))

    def docker(self, *, default: str = "nvidia", runtimes: tuple[str, ...] = ("runc", "nvidia")) -> None:
        info = {
            "DefaultRuntime": default,
            "Runtimes": {name: {"path": name} for name in runtimes},
            "CDISpecDirs": ["/etc/cdi", "/var/run/cdi"],
        }
        self.answer("docker", "info --format {{json .}}", json.dumps(info) + "\n")
        self.answer("docker", "version --format {{.Server.Version}}", "28.5.1\n")
        self.answer("docker", f"image inspect --format {{{{.Id}}}} {IMAGE}", "sha256:1\n")
        self.container()
        self.container_cdi()
        self.container_void()

    def container(self, listing: str = LISTING, code: int = 0) -> None:
        self.answer("docker", f"{START} nvidia-smi {RUNTIME} {IMAGE} -L", listing, code)

    def container_cdi(self, listing: str = LISTING, code: int = 0) -> None:
        arguments = f"{START} nvidia-smi --runtime runc --device nvidia.com/gpu=all {IMAGE} -L"
        self.answer("docker", arguments, listing, code)

    def container_mig(self, uuid: str, listing: str) -> None:
        arguments = f"{START} nvidia-smi {RUNTIME} --env NVIDIA_VISIBLE_DEVICES={uuid} {IMAGE} -L"
        self.answer("docker", arguments, listing)

    def container_void(self, output: str = "started\nsh: nvidia-smi: not found\n", code: int = 127) -> None:
        self.answer("docker", f"{START} sh --env NVIDIA_VISIBLE_DEVICES=void {IMAGE} -c *", output, code)

    def user(self, name: str, groups: str, code: int) -> None:
        self.answer("id", f"-nG {name}", groups + "\n")
        said = "permission denied while trying to connect to the Docker daemon\n" if code else "Client: 28\n"
        self.answer("runuser", f"-u {name} -- docker version", said, code)

    def answer(self, program: str, arguments: str, output: str, code: int = 0) -> None:
        """Let a program answer; an argument `*` stands for any text."""
        self.programs.setdefault(program, {})[arguments] = (code, output)

    def remove(self, program: str) -> None:
        del self.programs[program]

    def write(self, path: str, text: str) -> None:
        file = self.root / path[1:]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def delete(self, path: str) -> None:
        (self.root / path[1:]).unlink()

    def finish(self) -> None:
        """Write the programs."""
        for program, answers in self.programs.items():
            cases = []
            for arguments, (code, output) in answers.items():
                fixed, star = (arguments[:-1], "*") if arguments.endswith("*") else (arguments, "")
                said = shlex.quote(output)
                cases.append(f"{shlex.quote(fixed)}{star}) printf %s {said}; exit {code};;")
            unknown = 'echo "unexpected: $0 $*" >&2; exit 99'
            self.write(
                f"/usr/bin/{program}", "\n".join(["#!/bin/sh", 'case "$*" in', *cases, "esac", unknown])
            )
            (self.root / "usr/bin" / program).chmod(0o755)
