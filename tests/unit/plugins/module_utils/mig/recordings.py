"""Recordings of real GPUs (scripts/record_mig.py) against the tables that stand in where no driver answers."""

from collections.abc import Iterator, Mapping
from typing import Any

from provision.lab.hardware.catalogue import catalogue, profiles
from provision.plugins.module_utils.mig.profiles import AMBIGUOUS, Profile, cannot, known

_SHAPE = ("slices", "limit", "placements")
_LAB = {
    "id": "id",
    "limit": "count",
    "slices": "slices",
    "memory_mib": "memory",
}
_ENGINES = ("copy_engines", "decoders", "encoders", "jpeg", "ofa")


def differences(recording: Mapping[str, Any]) -> list[str]:
    """Return how a recording differs from the tables of the product and of the lab, a line each."""
    assert recording["schema"] == 1
    return [
        f"{gpu['name']} ({gpu['device']}): {text}"
        for gpu in recording["gpus"]
        for text in [*_from_product(gpu), *_from_lab(gpu)]
    ]


def _from_product(gpu: Mapping[str, Any]) -> Iterator[str]:
    if cannot(gpu["device"]):
        yield "the product says that it cannot do MIG"
    table = known(gpu["device"])
    if table is None or gpu["device"][:4] in AMBIGUOUS:
        return  # the product does not judge it without a driver
    yield from _names(gpu, set(table), "the product's table")
    for profile in gpu["profiles"]:
        if profile["name"] in table:
            ours = _shape(table[profile["name"]])
            theirs = {key: profile[key] for key in _SHAPE}
            yield from _fields(profile["name"], ours, theirs, "the product's table")


def _from_lab(gpu: Mapping[str, Any]) -> Iterator[str]:
    for model, data in catalogue()["gpus"].items():
        if "mig" in data and data["pci"]["device"] == gpu["device"][:4]:
            table = {profile["name"]: profile for profile in profiles(model)}
            yield from _names(gpu, set(table), f"the lab's {model}")
            for profile in gpu["profiles"]:
                if profile["name"] in table:
                    found = table[profile["name"]]
                    ours = {key: found[other] for key, other in _LAB.items()}
                    ours["engines"] = [found[engine] for engine in _ENGINES]
                    theirs = {key: profile[key] for key in ours}
                    yield from _fields(profile["name"], ours, theirs, f"the lab's {model}")


def _shape(profile: Profile) -> dict[str, Any]:
    places = sorted([place.start, place.size] for place in profile.placements)
    return {"slices": profile.slices, "limit": profile.limit, "placements": places}


def _names(gpu: Mapping[str, Any], ours: set[str], table: str) -> Iterator[str]:
    theirs = {profile["name"] for profile in gpu["profiles"]}
    yield from (f"{name} is not in {table}" for name in sorted(theirs - ours))
    yield from (f"{name} of {table} is not offered" for name in sorted(ours - theirs))


def _fields(name: str, ours: Mapping[str, Any], theirs: Mapping[str, Any], table: str) -> Iterator[str]:
    for key, value in theirs.items():
        if value != ours[key]:
            yield f"{key} of {name} is {value}, in {table} {ours[key]}"
