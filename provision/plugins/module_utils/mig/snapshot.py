"""All GPUs of a host with their geometry and users, at one moment; also as JSON, to be planned with elsewhere.

Everything here is pure. Hosts and the control machine run it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Dict, Tuple

from ..host.typed_json import build
from .gpu import MigGpu
from .record import Record


@dataclass(frozen=True)
class Snapshot:
    """The GPUs, and what the host keeps of its last layout.

    `driver` is False where no driver answered: the GPUs are then what is known of their models. `unknown` are
    PCI addresses of GPUs whose model is not known either.
    """

    gpus: Tuple[MigGpu, ...]
    driver: bool = True
    unknown: Tuple[str, ...] = ()
    record: Record = field(default_factory=Record)


def as_json(snapshot: Snapshot) -> Dict[str, Any]:
    """Return a snapshot as JSON-like values."""
    return asdict(snapshot)


def from_json(data: object) -> Snapshot:
    """Return the snapshot that `as_json` wrote. Raises ShapeError."""
    return build(Snapshot, data, "partitions")
