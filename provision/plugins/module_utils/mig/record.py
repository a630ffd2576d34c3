"""What a host keeps of its MIG layout between boots: the wanted state of each GPU.

Runs on hosts: Python 3.8, standard library only.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, Dict, Mapping, Sequence

from .layout import Target
from .placement import Placement, Wanted, creation_order
from .plan import Gpu

WANTED = "/etc/provision/mig.json"
MARKER = "/run/provision/mig.json"
"""What became of the restoration in this boot: /run does not outlive it."""

_SCHEMA = 1


class RecordError(Exception):
    """The file of wanted states is not what this project writes."""


def dump(gpus: Sequence[Gpu], targets: Mapping[str, Target]) -> bytes:
    """Write down the state of the GPUs that have a target, as they are now, places included."""
    found: Dict[str, Any] = {}
    for gpu in sorted(gpus, key=lambda each: each.board.pci):
        if gpu.board.uuid in targets:
            instances = [
                {
                    "profile": each.profile,
                    "compute": list(each.compute),
                    "start": each.placement.start,
                    "size": each.placement.size,
                }
                for each in creation_order(gpu.board.profiles, gpu.instances)
            ]
            found[gpu.board.uuid] = {"pci": gpu.board.pci, "enabled": gpu.enabled, "instances": instances}
    return (json.dumps({"schema": _SCHEMA, "gpus": found}, indent=2) + "\n").encode()


def load(text: str) -> Dict[str, Target]:
    """Read what `dump` wrote: the target of each GPU, by UUID. Raises RecordError."""
    return {uuid: _target(gpu) for uuid, gpu in _gpus(text).items()}


def holds(text: str, targets: Mapping[str, Target]) -> bool:
    """Tell whether this is the record of just these targets, by PCI address, wherever the instances lie."""
    try:
        recorded = {gpu.get("pci"): _target(gpu) for gpu in _gpus(text).values()}
    except RecordError:
        return False
    return recorded.keys() == targets.keys() and all(_same(targets[pci], recorded[pci]) for pci in targets)


def _gpus(text: str) -> Dict[str, Any]:
    try:
        document = json.loads(text)
        if document["schema"] != _SCHEMA:
            raise RecordError("schema %s is not known" % document["schema"])
        gpus: Dict[str, Any] = document["gpus"]
        for gpu in gpus.values():
            _target(gpu)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RecordError("not a record of a MIG layout (%s)" % error) from error
    return gpus


def recorded(text: str) -> Dict[str, Target]:
    """Return the same as `load`; of a text of another kind, which the next layout replaces, nothing."""
    try:
        return load(text)
    except RecordError:
        return {}


def modes(text: str) -> Dict[str, bool]:
    """Return the MIG mode of each GPU in what `dump` wrote, by PCI address; nothing of a text of another kind."""
    try:
        return {gpu["pci"]: bool(gpu["enabled"]) for gpu in json.loads(text)["gpus"].values()}
    except (AttributeError, KeyError, TypeError, ValueError):
        return {}


def remember(targets: Mapping[str, Target], former: Mapping[str, Target]) -> Dict[str, Target]:
    """Return the targets, with the places of former ones that have the same instances.

    What went away is then made again where it was, and its MIG devices get the UUIDs that they had.
    """
    return {
        uuid: former[uuid] if uuid in former and _same(target, former[uuid]) else target
        for uuid, target in targets.items()
    }


def _same(left: Target, right: Target) -> bool:
    return left.enabled == right.enabled and Counter(left.instances) == Counter(right.instances)


def _target(gpu: Mapping[str, Any]) -> Target:
    instances = gpu["instances"]
    return Target(
        bool(gpu["enabled"]),
        tuple(Wanted(each["profile"], tuple(each["compute"])) for each in instances),
        tuple(Placement(each["start"], each["size"]) for each in instances),
    )
