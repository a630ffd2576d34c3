"""What the checks read out of nvidia-smi, package managers, Docker and CDI specifications. Pure functions."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import yaml

CDI_FOLDERS = ("/etc/cdi", "/var/run/cdi")
"""Folders of CDI specifications; a device in a later one hides its namesake in an earlier one."""

_UUID = re.compile(r"GPU-[0-9a-fA-F-]+")
_LISTED = re.compile(r"^(?:GPU \d+:|\s+MIG ).*\(UUID: ((?:GPU|MIG)-[^)]+)\)\s*$")
_PROFILE = re.compile(r"^\s+MIG (\S+)\s+Device")
_FABRIC = re.compile(r"^ +Fabric *\n +State *: *(.+?) *\n +Status *: *(.+?) *$", re.MULTILINE)
_LIBRARY = re.compile(r"\blib(?:cuda|nvidia-ml)\.so\.(\d+\.\d+(?:\.\d+)?)\b")


@dataclass(frozen=True)
class QueriedGpu:
    """One GPU as nvidia-smi tells of it; `bus` is the PCI address in sysfs's form."""

    uuid: str
    bus: str
    persistence: bool
    mig: bool
    driver: str


def parse_query(text: str) -> tuple[QueriedGpu, ...]:
    """Read nvidia-smi's uuid, pci.bus_id, persistence_mode, mig.mode.current and driver_version as CSV.

    A line that does not begin with a GPU's uuid is an error message, whatever the exit code said.
    """
    found = []
    for line in text.splitlines():
        fields = [field.strip() for field in line.split(",")]
        if len(fields) == 5 and _UUID.fullmatch(fields[0]):
            uuid, bus, persistence, mig, driver = fields
            # nvidia-smi writes the PCI domain with eight digits and in capitals: 00000000:1B:00.0
            found.append(
                QueriedGpu(uuid, bus.lower()[-12:], persistence == "Enabled", mig == "Enabled", driver)
            )
    return tuple(found)


def parse_list(text: str) -> dict[str, tuple[str, ...]]:
    """Read `nvidia-smi -L`: the uuids of each GPU's MIG devices, by the uuid of the GPU."""
    found: dict[str, tuple[str, ...]] = {}
    for line in text.splitlines():
        match = _LISTED.match(line)
        if match is None:
            continue
        uuid = match.group(1)
        if uuid.startswith("GPU-"):
            found[uuid] = ()
        elif found:
            parent = list(found)[-1]
            found[parent] = (*found[parent], uuid)
    return found


def parse_profiles(text: str) -> dict[str, Counter[str]]:
    """Read `nvidia-smi -L`: how many MIG devices of each profile, by the uuid of the GPU."""
    found: dict[str, Counter[str]] = {}
    for line in text.splitlines():
        match, profile = _LISTED.match(line), _PROFILE.match(line)
        if match is not None and match.group(1).startswith("GPU-"):
            found[match.group(1)] = Counter()
        elif profile is not None and found:
            found[list(found)[-1]][profile.group(1)] += 1
    return found


@dataclass(frozen=True)
class Partitioned:
    """How a GPU should be partitioned: MIG mode, and how many devices of each profile."""

    pci: str
    enabled: bool
    profiles: Counter[str]

    def __str__(self) -> str:
        return told(self.enabled, self.profiles)


def told(enabled: bool, profiles: Counter[str]) -> str:
    """Write how a GPU is partitioned as people do: `3g.20gb + 2x 1g.5gb`."""
    if not enabled:
        return "MIG off"
    parts = (
        name if count == 1 else f"{count}x {name}" for name, count in sorted(profiles.items(), reverse=True)
    )
    return " + ".join(parts) or "MIG on without instances"


def parse_mig_record(text: str) -> dict[str, Partitioned]:
    """Read what role nvidia_mig wrote down of each GPU, by uuid; empty where it cannot be read."""
    try:
        gpus = json.loads(text)["gpus"]
        return {
            uuid: Partitioned(gpu["pci"], gpu["enabled"], Counter(_devices_of(gpu["instances"])))
            for uuid, gpu in gpus.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _devices_of(instances: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    """Return the names that nvidia-smi gives the MIG devices: 1c.3g.20gb is a part of a 3g.20gb."""
    for instance in instances:
        profile, compute = instance["profile"], instance["compute"]
        for slices in compute:
            whole = profile.startswith(f"{slices}g.")
            yield profile if whole else f"{slices}c.{profile}"


def usable(listing: Mapping[str, tuple[str, ...]], partitioned: Iterable[str]) -> tuple[str, ...]:
    """Return what a program can compute on: whole GPUs, and the MIG devices of those that are partitioned."""
    split = set(partitioned)
    return tuple(
        uuid for gpu, devices in listing.items() for uuid in (devices if devices or gpu in split else (gpu,))
    )


def parse_fabric(text: str) -> tuple[tuple[str, str], ...]:
    """Read `nvidia-smi -q`: state and status of each GPU's fabric, Completed and Success when it is up."""
    return tuple((state, status) for state, status in _FABRIC.findall(text))


def parse_packages(text: str) -> dict[str, str]:
    """Read lines of `installed NAME VERSION`; packages of which only settings are left do not count."""
    rows = (line.split() for line in text.splitlines())
    return {row[1]: row[2] for row in rows if len(row) == 3 and row[0] == "installed"}


def upstream(version: str) -> str:
    """Return `580.95.05` of `1:580.95.05-1ubuntu1`: no epoch, no revision."""
    return version.rpartition(":")[2].partition("-")[0]


def is_held(package: str, held: str) -> bool:
    """Tell whether `apt-mark showhold` or `dnf versionlock list` names the package."""
    name = re.escape(package)
    # apt: NAME or NAME:ARCHITECTURE; dnf 4: NAME-EPOCH:VERSION…; dnf 5: Package name: NAME
    locked = re.compile(rf"{name}(:\w+)?$|{name}-(\d+:)?\d|Package name: {name}$")
    return any(locked.match(line.strip()) for line in held.splitlines())


@dataclass(frozen=True)
class Unit:
    """A systemd unit in systemd's words, `active` and `enabled`; `installed` tells whether there is one."""

    installed: bool
    state: str
    at_boot: str

    @property
    def runs(self) -> bool:
        """Tell whether it runs now."""
        return self.state == "active"

    @property
    def starts_at_boot(self) -> bool:
        """Tell whether it will run after a reboot; a static unit is started by another one."""
        return self.at_boot in ("enabled", "static")

    def __str__(self) -> str:
        return f"is {self.state}, at boot {self.at_boot}" if self.installed else "is not installed"


def parse_unit(text: str) -> Unit:
    """Read `systemctl show UNIT --property=LoadState,ActiveState,UnitFileState`."""
    values = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    return Unit(
        installed=values.get("LoadState", "not-found") != "not-found",
        state=values.get("ActiveState", "unknown"),
        at_boot=values.get("UnitFileState") or "unknown",
    )


def parse_info(text: str) -> dict[str, Any]:
    """Read `docker info --format '{{json .}}'`; empty where it is no JSON object."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def library_version(path: str) -> str | None:
    """Return `580.95.05` of `/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.580.95.05`."""
    version = PurePosixPath(path.strip()).name.partition(".so.")[2]
    return version if "." in version else None


@dataclass(frozen=True)
class CdiSpecs:
    """What the specifications of `nvidia.com/gpu` say together.

    `devices` gives the file that defines each device; `conflicts` names devices that two files of one folder
    define, which removes them; `broken` files are no specifications; `drivers` are the versions of the
    libraries that the files in force mount.
    """

    devices: Mapping[str, str]
    conflicts: tuple[str, ...]
    broken: tuple[str, ...]
    drivers: tuple[str, ...]

    @property
    def uuids(self) -> tuple[str, ...]:
        """Return the devices that are named by uuid."""
        return tuple(name for name in self.devices if name.startswith(("GPU-", "MIG-")))


def parse_cdi(files: Mapping[str, str]) -> CdiSpecs:
    """Read CDI specifications, text by path, as an engine does that knows both folders."""
    devices: dict[str, str] = {}
    conflicts: list[str] = []
    broken: list[str] = []
    for folder in CDI_FOLDERS:
        named: list[str] = []
        for path in (each for each in files if str(PurePosixPath(each).parent) == folder):
            names = _devices(files[path]) if path.endswith((".yaml", ".json")) else []
            if names is None:
                broken.append(path)
                continue
            named += names
            devices |= dict.fromkeys(names, path)
        conflicts += [name for name, count in Counter(named).items() if count > 1]
    text = "\n".join(files[path] for path in sorted(set(devices.values())))
    return CdiSpecs(devices, tuple(conflicts), tuple(broken), tuple(sorted(set(_LIBRARY.findall(text)))))


def _devices(text: str) -> list[str] | None:
    """Return the device names of one specification; none of another kind, None where it cannot be read."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError:
        return None
    if not isinstance(document, dict):
        return None
    if document.get("kind") != "nvidia.com/gpu":
        return []
    return [str(device["name"]) for device in document.get("devices") or []]
