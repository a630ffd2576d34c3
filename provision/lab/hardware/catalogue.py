"""models.yml: the GPUs, switches and adapters that a simulated server can be built of."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from provision import yaml_file

MODELS = Path(__file__).with_name("models.yml")

_PROFILE_FIELDS = (
    "slot",
    "memory",
    "multiprocessors",
    "copy_engines",
    "decoders",
    "encoders",
    "jpeg",
    "ofa",
)


@functools.cache
def catalogue() -> dict[str, Any]:
    """Return models.yml as it is written: `geometries`, `gpus`, `nvswitches`, `hcas`."""
    loaded: dict[str, Any] = yaml_file.read(MODELS)
    return loaded


def profiles(model: str) -> list[dict[str, Any]]:
    """Return the GPU instance profiles of a GPU model, each with its slot's ids and placements spelt out.

    Memory is MiB; `starts` and `size` are memory slices. Empty for a GPU without MIG.
    """
    mig = catalogue()["gpus"][model].get("mig")
    if mig is None:
        return []
    slots = catalogue()["geometries"][mig["geometry"]]["slots"]
    found = []
    for name, figures in mig["profiles"].items():
        profile = dict(zip(_PROFILE_FIELDS, figures, strict=True))
        found.append({"name": name, **slots[profile.pop("slot")], **profile})
    return found
