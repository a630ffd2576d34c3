"""The survey that a host answers with, as values. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from provision.connect.answer import checked, garbled
from provision.model.observed import (
    Driver,
    Gpu,
    InfinibandPort,
    Observed,
    ReceiptState,
    Workload,
)
from provision.plugins.module_utils.asking.answer import SCHEMA
from provision.plugins.module_utils.host.typed_json import ShapeError, build
from provision.plugins.module_utils.receipts.reasons import Kind, Reason, from_json

if TYPE_CHECKING:
    from provision.plugins.module_utils.mig.snapshot import Snapshot


_MOST_REASONS = 1000
_MOST_SLICES = 1 << 16


@dataclass(frozen=True)
class _Variable:
    digest: str
    shown: str | None = None


@dataclass(frozen=True)
class _Inputs:
    salt: str
    content: str
    variables: Mapping[str, _Variable]
    everything: str | None


@dataclass(frozen=True)
class _Receipt:
    inputs: _Inputs
    differences: tuple[Mapping[str, object], ...]


@dataclass(frozen=True)
class _Survey:
    """The survey as it travels: every field has to be there, and of its type."""

    os: str
    distribution: str
    major: str
    kernel: str
    architecture: str
    python: str
    gpus: tuple[Gpu, ...]
    driver: Driver
    nouveau_loaded: bool
    docker: str | None
    docker_running: bool
    toolkit: str | None
    secure_boot: bool | None
    workloads: tuple[Workload, ...]
    infiniband: tuple[InfinibandPort, ...]
    receipts: Mapping[str, _Receipt]


def observed(answer: Mapping[str, Any]) -> Observed:
    """Return the values of a survey. Raises ConnectError for one of another version or of other types."""
    if answer.get("schema") != SCHEMA:
        raise garbled(f"it is in schema {answer.get('schema')}, not {SCHEMA}")
    try:
        # No text of a survey has lines: what has would end the line that asks for consent.
        found = build(_Survey, checked(answer, keep=""), "survey")
        return Observed(
            **{
                **{field.name: getattr(found, field.name) for field in fields(found)},
                "receipts": {role: _receipt(receipt) for role, receipt in found.receipts.items()},
                "partitions": _partitions(answer),
            }
        )
    except (ShapeError, ValueError) as error:
        raise garbled(str(error)) from error


def _receipt(found: _Receipt) -> ReceiptState:
    digests = [found.inputs.everything or "", *(each.digest for each in found.inputs.variables.values())]
    if not all(map(str.isascii, digests)):
        raise ValueError("a digest of a receipt is none")
    return ReceiptState(asdict(found.inputs), _reasons(found.differences))


def _reasons(found: Sequence[Mapping[str, object]]) -> tuple[Reason, ...]:
    """Return the differences that a host told, up to a bearable number."""
    reasons = tuple(map(from_json, found[:_MOST_REASONS]))
    left = len(found) - len(reasons)
    return (*reasons, Reason(Kind.UNKNOWN, "", f"and {left} more")) if left else reasons


def _partitions(answer: Mapping[str, Any]) -> "Snapshot | None":
    if "partitions" not in answer:
        return None
    from provision.plugins.module_utils.mig import snapshot

    # Slices are counted and shifted by.
    return snapshot.from_json(checked(answer["partitions"], keep="", too_large=_MOST_SLICES))
