"""What a container asks for: NVIDIA_VISIBLE_DEVICES and the devices that it names."""

from __future__ import annotations

from dataclasses import dataclass

from . import cdi
from .inventory import Machine

_NOTHING = {"", "void"}


class RequestError(Exception):
    """A device that this machine does not have."""


@dataclass(frozen=True)
class Request:
    """The devices asked for by name. None: the container asks for nothing. Empty: libraries, no GPU."""

    names: tuple[str, ...] | None

    @property
    def qualified(self) -> bool:
        """Tell whether all devices are named in full, as nvidia.com/gpu=0."""
        return bool(self.names) and all("=" in name for name in self.names or ())


def parse(environment: list[str]) -> Request:
    """Return what NAME=VALUE entries ask for; of a name given twice the last counts."""
    value = None
    for entry in environment:
        name, _, text = entry.partition("=")
        if name == "NVIDIA_VISIBLE_DEVICES":
            value = text.strip()
    if value is None or value in _NOTHING:
        return Request(None)
    if value == "none":
        return Request(())
    return Request(tuple(name.strip() for name in value.split(",") if name.strip()))


def resolve(request: Request, machine: Machine, common: cdi.Edits) -> cdi.Edits:
    """Return the edits for devices named by index, UUID, GPU:MIG or `all`. Raises RequestError."""
    available = cdi.devices(machine)
    edits = cdi.Edits()
    for name in request.names or ():
        if name not in available:
            raise RequestError(name)
        edits = edits.plus(available[name])
    return edits.plus(common)


def resolve_qualified(request: Request, registry: cdi.Registry) -> cdi.Edits:
    """Return the edits for devices that specification files define. Raises RequestError."""
    missing = [name for name in request.names or () if name not in registry.devices]
    if missing:
        raise RequestError(", ".join(missing))
    edits = cdi.Edits()
    for name in request.names or ():
        edits = edits.plus(registry.devices[name])
    return edits
