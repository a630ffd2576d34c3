"""A GPU of every model that the lab can build, as MIG sees it."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from provision.plugins.module_utils.mig.gpu import MigGpu
from provision.plugins.module_utils.mig.profiles import Placement, Profile

_MODELS = Path(__file__).resolve().parents[5] / "provision/lab/hardware/models.yml"


def _load() -> dict[str, MigGpu]:
    data: dict[str, Any] = yaml.safe_load(_MODELS.read_text())
    gpus = {}
    for number, (model, gpu) in enumerate(data["gpus"].items()):
        if "mig" not in gpu:
            continue
        slots = data["geometries"][gpu["mig"]["geometry"]]["slots"]
        profiles = {}
        for name, (slot, _memory, _sms, *engines) in gpu["mig"]["profiles"].items():
            shape = slots[slot]
            placements = tuple(Placement(start, shape["size"]) for start in shape["starts"])
            profiles[name] = Profile(name, shape["slices"], shape["count"], placements, tuple(engines))
        device = f"{gpu['pci']['device']}10de"
        gpus[model] = MigGpu(f"GPU-{number}", f"0000:{number:02x}:00.0", device, "", True, profiles)
    return gpus


GPUS = _load()


def reachable(profiles: Mapping[str, Profile]) -> set[frozenset[tuple[str, int]]]:
    """Every multiset that fits, found by laying down every profile at every place."""
    spots = [(name, place.mask) for name, profile in profiles.items() for place in profile.placements]
    found: set[frozenset[tuple[str, int]]] = set()

    def lay(first: int, taken: int, laid: Counter[str]) -> None:
        found.add(frozenset(laid.items()))
        for index in range(first, len(spots)):
            name, mask = spots[index]
            if not taken & mask:
                lay(index + 1, taken | mask, laid + Counter([name]))

    lay(0, 0, Counter())
    return found
