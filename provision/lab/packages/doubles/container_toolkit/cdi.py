"""CDI: what a container gets for a device, specifications, and the registry of the files that hold them."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from .inventory import Gpu, Machine, Mig

KIND = "nvidia.com/gpu"
VERSION = "0.5.0"
DIRECTORIES = ("/etc/cdi", "/var/run/cdi")
"""In order of increasing priority."""

_LIBRARIES = "/usr/lib/x86_64-linux-gnu"
_CONTROL_NODES = ("/dev/nvidiactl", "/dev/nvidia-modeset", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools")
_PROGRAMS = ("/usr/bin/nvidia-smi", "/usr/bin/nvidia-persistenced")
_STATE = ("/run/lab-hardware", "/etc/lab-hardware")
"""The simulated hardware itself: a real container reaches the GPU through the kernel instead."""


class CdiError(Exception):
    """A specification that cannot be made, or a device that cannot be found."""


@dataclass(frozen=True)
class Edits:
    """What is done to a container: device nodes, mounts as (host, container), environment as NAME=VALUE."""

    nodes: tuple[str, ...] = ()
    mounts: tuple[tuple[str, str], ...] = ()
    env: tuple[str, ...] = ()

    def plus(self, other: Edits) -> Edits:
        """Return both, each thing once, in order."""
        return Edits(
            tuple(dict.fromkeys(self.nodes + other.nodes)),
            tuple(dict.fromkeys(self.mounts + other.mounts)),
            tuple(dict.fromkeys(self.env + other.env)),
        )


def common_edits(driver_version: str, exists: object = None) -> Edits:
    """Return what every container with a GPU gets: control nodes, libraries, nvidia-smi.

    `exists` tells of a path whether this machine has it; what it lacks is left out, as the real one does.
    """
    has = exists if callable(exists) else lambda path: Path(path).exists()
    libraries = {
        f"{_LIBRARIES}/{name}.so.{driver_version}": links
        for name, links in (("libnvidia-ml", (".so.1",)), ("libcuda", (".so.1", ".so")))
    }
    mounts = []
    for library, links in libraries.items():
        if has(library):
            stem = library.partition(".so.")[0]
            mounts += [(library, library)] + [(library, stem + link) for link in links]
    mounts += [(path, path) for path in (*_PROGRAMS, *_STATE) if has(path)]
    return Edits(
        nodes=tuple(node for node in _CONTROL_NODES if has(node)),
        mounts=tuple(mounts),
        env=(f"NVIDIA_CTK_LIBCUDA_DIR={_LIBRARIES}", "NVIDIA_VISIBLE_DEVICES=void"),
    )


def gpu_edits(gpu: Gpu) -> Edits:
    """Return what a container with this whole GPU gets."""
    return Edits(nodes=(f"/dev/nvidia{gpu.minor}",))


def mig_edits(gpu: Gpu, mig: Mig) -> Edits:
    """Return what a container with this MIG device gets. Raises CdiError without its capability nodes."""
    caps = (mig.gpu_instance_cap, mig.compute_instance_cap)
    if None in caps:
        raise CdiError("error getting MIG capability device paths: <nil>")
    return Edits(nodes=(f"/dev/nvidia{gpu.minor}", *(f"/dev/nvidia-caps/nvidia-cap{cap}" for cap in caps)))


def devices(machine: Machine) -> dict[str, Edits]:
    """Return every device by name: index, UUID, `all`; a GPU in MIG mode has its MIG devices instead."""
    named = {}
    by_uuid = {}
    everything = Edits()
    for gpu in machine.gpus:
        parts = (
            [(f"{gpu.index}:{mig.index}", mig.uuid, mig_edits(gpu, mig)) for mig in gpu.migs]
            if gpu.mig_enabled
            else [(str(gpu.index), gpu.uuid, gpu_edits(gpu))]
        )
        for name, uuid, edits in parts:
            named[name] = edits
            by_uuid[uuid] = edits
            everything = everything.plus(edits)
    return {**named, **by_uuid, "all": everything}


def specification(machine: Machine, common: Edits) -> dict[str, Any]:
    """Return the specification of all devices. Raises CdiError without any, as with MIG without instances."""
    found = devices(machine)
    if not found["all"].nodes:
        raise CdiError('invalid CDI Spec: failed add device "all": invalid device, empty device edits')
    return {
        "cdiVersion": VERSION,
        "containerEdits": _as_document(common),
        "devices": [{"containerEdits": _as_document(edits), "name": name} for name, edits in found.items()],
        "kind": KIND,
    }


def written(document: dict[str, Any], form: str) -> str:
    """Return a specification as text; `form` is `yaml` or `json`."""
    if form == "json":
        return json.dumps(document, indent=2)
    return yaml.safe_dump(document, explicit_start=True, sort_keys=False, width=math.inf)


def _as_document(edits: Edits) -> dict[str, Any]:
    document: dict[str, Any] = {}
    if edits.nodes:
        document["deviceNodes"] = [{"path": node} for node in edits.nodes]
    if edits.env:
        document["env"] = list(edits.env)
    if edits.mounts:
        document["mounts"] = [
            {
                "containerPath": inside,
                "hostPath": host,
                "options": ["ro", "nosuid", "nodev", "rbind", "rprivate"],
            }
            for host, inside in edits.mounts
        ]
    return document


@dataclass
class Registry:
    """Devices of all specification files by qualified name, and what was wrong with some of the files."""

    devices: dict[str, Edits] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def load(directories: tuple[str, ...] = DIRECTORIES) -> Registry:
    """Read the specification files of `directories`, later ones first.

    A device that two files of one directory define is a conflict: nobody gets it.
    """
    registry = Registry()
    for directory in reversed(directories):
        here: dict[str, tuple[str, Edits]] = {}
        conflicts = set()
        for path in sorted(p for p in Path(directory).glob("*") if p.suffix in {".yaml", ".json"}):
            try:
                parsed = _parse(yaml.safe_load(path.read_text()))
            except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
                registry.warnings.append(f"failed to load CDI Spec {path}: {error}")
                continue
            for name, edits in parsed.items():
                if name in here:
                    registry.warnings.append(
                        f"conflicting device {name!r} (specs {here[name][0]!r}, {str(path)!r})".replace(
                            "'", '"'
                        )
                    )
                    conflicts.add(name)
                here[name] = (str(path), edits)
        for name, (_, edits) in here.items():
            if name in conflicts:
                registry.devices.pop(name, None)
            else:
                registry.devices.setdefault(name, edits)
    return registry


def _parse(document: dict[str, Any]) -> dict[str, Edits]:
    kind = document["kind"]
    common = _as_edits(document.get("containerEdits") or {})
    return {
        f"{kind}={device['name']}": _as_edits(device["containerEdits"]).plus(common)
        for device in document["devices"]
    }


def _as_edits(document: dict[str, Any]) -> Edits:
    return Edits(
        nodes=tuple(str(node["path"]) for node in document.get("deviceNodes") or []),
        mounts=tuple(
            (str(mount["hostPath"]), str(mount["containerPath"])) for mount in document.get("mounts") or []
        ),
        env=tuple(str(entry) for entry in document.get("env") or []),
    )
