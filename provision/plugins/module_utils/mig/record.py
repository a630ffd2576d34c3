"""What a host keeps of its MIG layout between boots: the wanted state of each GPU."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any, Dict, Mapping, Sequence, Tuple

from .gpu import GpuInstance, GpuInstanceSpec, MigGpu, Target
from .placement import creation_order
from .profiles import Placement

RECORD = "/etc/provision/mig.json"
MARKER = "/run/provision/mig.json"
"""What became of the restoration in this boot: /run does not outlive it."""

_SCHEMA = 1


class RecordError(Exception):
    """The file of wanted states is not what this project writes."""


@dataclass(frozen=True)
class RecordedGpu:
    """One GPU of the record; its target has the placements that its instances had."""

    uuid: str
    pci: str
    target: Target


@dataclass(frozen=True)
class Record:
    """The GPUs of the host's last layout."""

    gpus: Tuple[RecordedGpu, ...] = ()

    @property
    def targets(self) -> Dict[str, Target]:
        """Return the target of each GPU, by UUID."""
        return {gpu.uuid: gpu.target for gpu in self.gpus}

    @property
    def by_address(self) -> Dict[str, Target]:
        """Return the same by PCI address, which is all that is known of a GPU without a driver."""
        return {gpu.pci: gpu.target for gpu in self.gpus}

    def holds(self, targets: Mapping[str, Target]) -> bool:
        """Tell whether it is of just these targets, by PCI address, wherever the instances lie."""
        ours = self.by_address
        return ours.keys() == targets.keys() and all(_same(targets[pci], ours[pci]) for pci in targets)

    def remember(self, targets: Mapping[str, Target]) -> Dict[str, Target]:
        """Return the targets, by UUID, with the placements of recorded ones that have the same instances.

        What went away is then made again where it was, and its MIG devices get the UUIDs that they had.
        """
        ours = self.targets
        return {
            uuid: ours[uuid] if uuid in ours and _same(target, ours[uuid]) else target
            for uuid, target in targets.items()
        }


def dump(gpus: Sequence[MigGpu], targets: Mapping[str, Target]) -> bytes:
    """Write down the state of the GPUs that have a target, as they are now, placements included."""
    found = {
        gpu.uuid: {
            "pci": gpu.pci,
            "enabled": gpu.enabled,
            "instances": [_written(each) for each in creation_order(gpu.profiles, gpu.instances)],
        }
        for gpu in sorted(gpus, key=lambda each: each.pci)
        if gpu.uuid in targets
    }
    return (json.dumps({"schema": _SCHEMA, "gpus": found}, indent=2) + "\n").encode()


def load(text: str) -> Record:
    """Read what `dump` wrote. Raises RecordError."""
    try:
        document = json.loads(text)
        if document["schema"] != _SCHEMA:
            raise RecordError("schema %s is not known" % document["schema"])
        return Record(tuple(_read(uuid, gpu) for uuid, gpu in document["gpus"].items()))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RecordError("not a record of a MIG layout (%s)" % error) from error


def recorded(text: str) -> Record:
    """Return the same; of a text of another kind, which the next layout replaces, an empty record."""
    try:
        return load(text)
    except RecordError:
        return Record()


def _same(left: Target, right: Target) -> bool:
    return left.enabled == right.enabled and Counter(left.instances) == Counter(right.instances)


def _written(instance: GpuInstance) -> Dict[str, Any]:
    return {
        "profile": instance.profile,
        "compute": list(instance.compute_slices),
        "start": instance.placement.start,
        "size": instance.placement.size,
    }


def _read(uuid: str, gpu: Mapping[str, Any]) -> RecordedGpu:
    instances = gpu["instances"]
    target = Target(
        bool(gpu["enabled"]),
        tuple(GpuInstanceSpec(each["profile"], tuple(each["compute"])) for each in instances),
        tuple(Placement(each["start"], each["size"]) for each in instances),
    )
    return RecordedGpu(uuid, gpu["pci"], target)
