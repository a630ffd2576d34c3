"""CDI specifications of NVIDIA GPUs: files that tell container engines what a GPU is made of.

They are YAML that nvidia-ctk wrote, or JSON. The standard library has no YAML parser, and none is needed:
what matters is whether two specifications say the same, and which devices one names.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Set

from ..host.machine import Machine


class End(NamedTuple):
    """How a run ends: the driver's version (empty: as it is), and how many MIG instances come and go."""

    driver: str = ""
    created: int = 0
    destroyed: int = 0


FOLDERS = ("/etc/cdi", "/var/run/cdi")
KIND = "nvidia.com/gpu"
REFRESHED = "/var/run/cdi/nvidia.yaml"
MANUAL = "/etc/cdi/nvidia.yaml"
ENVIRONMENT = "/etc/nvidia-container-toolkit/nvidia-cdi-refresh.env"
_OUTPUT = "NVIDIA_CTK_CDI_OUTPUT_FILE_PATH"
# Devices are named by index, GPU:MIG index, UUID, or `all`; hooks and mounts have names of another form.
_DEVICE = re.compile(
    r"^\W*\"?name\"?:\s*['\"]?(all|[0-9]+(?::[0-9]+)?|(?:GPU|MIG)-[0-9a-fA-F-]+)['\"]?,?\s*$", re.MULTILINE
)


def is_gpu_spec(text: str) -> bool:
    """Tell whether a specification is about the devices `nvidia.com/gpu=…`."""
    return bool(re.search(r"\"?\bkind\"?:\s*\"?" + re.escape(KIND) + r"\"?\s*,?\s*$", text, re.MULTILINE))


def devices(text: str) -> List[str]:
    """Return the names of the devices, in their order."""
    return _DEVICE.findall(text)


def drivers(text: str) -> List[str]:
    """Return the versions of the driver whose files a specification names."""
    return sorted(set(re.findall(r"\blib(?:cuda|nvidia-ml)\.so\.(\d+\.\d+(?:\.\d+)?)\b", text)))


def specifications(machine: Machine) -> Dict[str, Any]:
    """Return what the CDI specifications of NVIDIA GPUs say: where they are, for which driver, which devices.

    `{"files": {path: digest}, "devices": [names], "drivers": [versions]}`. The digest does not depend on the
    order of lines: a specification that is generated again at boot has the same one.
    """
    files: Dict[str, str] = {}
    found: List[str] = []
    versions = set()
    for folder in FOLDERS:
        for name in machine.names(folder):
            text = machine.read("{}/{}".format(folder, name)) if name.endswith((".yaml", ".json")) else None
            if text is None or not is_gpu_spec(text):
                continue
            files["{}/{}".format(folder, name)] = digest(text)
            found.extend(devices(text))
            versions.update(drivers(text))
    return {"files": files, "devices": sorted(found), "drivers": sorted(versions)}


def partitions(text: str) -> int:
    """Return how many MIG devices a specification describes."""
    return len({name for name in devices(text) if ":" in name})


def foreseen(current: Optional[str], now: Optional[str], end: End) -> Optional[str]:
    """Return the specification that there will be at the end of a run, None where its text cannot be known yet.

    `current` is the one on disk, `now` what nvidia-ctk would write at this moment; None where there is none.
    Instances that were lost and are made again get the UUIDs that they had, so that the one on disk is true again.
    """

    def is_true(text: Optional[str], made: int) -> bool:
        version = end.driver in ("", *drivers(text or "")) or not drivers(text or "")
        return text is not None and version and not end.destroyed and made == end.created

    if is_true(now, 0):
        return now
    if now is not None and _whole(now) != _whole(current or ""):
        return None
    described = partitions(current or "")
    lost = (described - partitions(now or ""), described)
    return current if any(is_true(current, number) for number in lost) else None


def _whole(text: str) -> Set[str]:
    return {name for name in devices(text) if ":" not in name and not name.startswith("MIG-")}


def digest(text: str) -> str:
    """Return a digest that does not depend on the order of lines."""
    return hashlib.sha256("\n".join(_lines(text)).encode()).hexdigest()


def same_spec(left: str, right: str) -> bool:
    """Tell whether two specifications say the same; nvidia-ctk may order its lines differently."""
    return _lines(left) == _lines(right)


def _lines(text: str) -> List[str]:
    return sorted(line.strip() for line in text.splitlines() if line.strip())


def rivals(path: str, wanted: str, found: Mapping[str, str]) -> List[str]:
    """Return the files that name a device of the specification `wanted`, which belongs at `path`.

    `found` maps paths to texts. The same device in two files of one folder disappears altogether; in two
    folders a stale copy comes to light as soon as /var/run is empty after a boot.
    """
    ours = set(devices(wanted))
    return sorted(
        file
        for file, text in found.items()
        if file != path and is_gpu_spec(text) and (ours & set(devices(text)) or not devices(text))
    )


def parse_environment(text: str) -> Dict[str, str]:
    """Return the NVIDIA_CTK_* assignments of a systemd environment file."""
    found = {}
    for line in text.splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and name.startswith("NVIDIA_CTK_"):
            found[name] = value.strip("\"'")
    return found


def refreshed_path(environment: Mapping[str, str]) -> str:
    """Return where nvidia-cdi-refresh.service writes, given its environment file."""
    return environment.get(_OUTPUT, REFRESHED)


def to_stdout(environment: Mapping[str, str]) -> Dict[str, str]:
    """Return the environment in which `nvidia-ctk cdi generate` prints what the service would write."""
    return {name: value for name, value in environment.items() if name != _OUTPUT}
