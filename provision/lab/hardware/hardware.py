"""What one simulated server is built of."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from provision.errors import UsageError
from provision.lab.hardware.catalogue import catalogue

DEFAULT_HCA = "connectx7-ndr"


@dataclass(frozen=True)
class Hardware:
    """The parts of a server.

    `gpus` and `hcas` are (model, count) pairs, the models being those of models.yml. NVSwitches are of the kind that
    the GPUs ask for. `identity` seeds serial numbers and UUIDs; without it the server's host name does.
    """

    gpus: tuple[tuple[str, int], ...] = ()
    nvswitches: int = 0
    hcas: tuple[tuple[str, int], ...] = ()
    nouveau_loaded: bool = False
    secure_boot: bool = False
    identity: str | None = None

    def __post_init__(self) -> None:
        """Refuse models and combinations that do not exist."""
        for model, count in self.gpus:
            _require_known("GPU model", model, catalogue()["gpus"])
            available = _slots(catalogue()["gpus"][model]["pci"])
            if not 1 <= count <= available:
                raise UsageError(
                    f"`{count}` x {model} does not fit a server", hint=f"1 to {available} of them do"
                )
        for model, _ in self.hcas:
            _require_known("HCA model", model, catalogue()["hcas"])
        if self.nvswitches and self.nvswitch_model is None:
            raise UsageError(
                f"`{self.nvswitches}` NVSwitches, but no GPU here is made for them",
                hint="GPU models that are name `nvswitch` in models.yml",
            )

    @property
    def nvswitch_model(self) -> str | None:
        """The NVSwitch generation that these GPUs are connected by, if any."""
        found = (catalogue()["gpus"][model].get("nvswitch") for model, _ in self.gpus)
        return next((model for model in found if model), None)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Hardware:
        """Read the form that lab.yml has.

        Shape: `{gpus: {MODEL: COUNT}, nvswitches: N, hcas: N | {MODEL: COUNT}, nouveau_loaded: bool,
        secure_boot: bool, identity: TEXT}`, every key optional. Raises UsageError for anything else.
        """
        known = [field.name for field in fields(cls)]
        for key in mapping:
            _require_known("key", key, known)
        values = dict(mapping)
        values["gpus"] = _pairs("gpus", values.get("gpus") or {}, None)
        values["hcas"] = _pairs("hcas", values.get("hcas") or {}, DEFAULT_HCA)
        return cls(**values)


def _pairs(key: str, value: object, default_model: str | None) -> tuple[tuple[str, int], ...]:
    """Return (model, count) pairs from a mapping, or from a bare count where there is a usual model."""
    if isinstance(value, int) and default_model is not None:
        return ((default_model, value),) if value else ()
    if isinstance(value, Mapping):
        return tuple((str(model), int(count)) for model, count in value.items())
    raise UsageError(f"`{value}` is no value of hardware key `{key}`", hint="write MODEL: COUNT")


def _slots(pci: Mapping[str, Any]) -> int:
    return len(pci["bus"]) * len(pci.get("domains", ["0000"]))


def _require_known(what: str, name: str, known: Iterable[str]) -> None:
    names = list(known)
    if name in names:
        return
    close = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean `{close[0]}`?" if close else f"known: {', '.join(names)}"
    raise UsageError(f"`{name}` is no {what} of the simulated hardware", hint=hint)
