"""The survey that a host answers with, as values. Pure."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from provision.errors import ConnectError
from provision.model.observed import (
    Driver,
    Gpu,
    InfinibandPort,
    Observed,
    ReceiptState,
    Workload,
)
from provision.plugins.module_utils.asking.answer import SCHEMA
from provision.plugins.module_utils.receipts.reasons import Kind, Reason, from_json

if TYPE_CHECKING:
    from provision.plugins.module_utils.mig.snapshot import Snapshot


_MOST_REASONS = 1000


def observed(answer: Mapping[str, Any]) -> Observed:
    """Return the values of a survey. Raises ConnectError for one of another version."""
    if answer["schema"] != SCHEMA:
        raise ConnectError(f"the host answered in schema {answer['schema']}, not {SCHEMA}")
    return Observed(
        **{key: answer[key] for key in _PLAIN},
        gpus=tuple(Gpu(**{**gpu, "mig": tuple(gpu.get("mig") or ())}) for gpu in answer["gpus"]),
        driver=Driver(**answer["driver"]),
        workloads=tuple(Workload(**workload) for workload in answer["workloads"]),
        partitions=_partitions(answer),
        infiniband=tuple(InfinibandPort(**port) for port in answer["infiniband"]),
        receipts={
            role: ReceiptState(receipt["inputs"], _reasons(receipt["differences"]))
            for role, receipt in answer["receipts"].items()
        },
    )


def _reasons(found: Sequence[Mapping[str, Any]]) -> tuple[Reason, ...]:
    """Return the differences that a host told, up to a bearable number."""
    reasons = tuple(map(from_json, found[:_MOST_REASONS]))
    left = len(found) - len(reasons)
    return (*reasons, Reason(Kind.UNKNOWN, "", f"and {left} more")) if left else reasons


def _partitions(answer: Mapping[str, Any]) -> "Snapshot | None":
    if "partitions" not in answer:
        return None
    from provision.plugins.module_utils.host.typed_json import ShapeError
    from provision.plugins.module_utils.mig import snapshot

    try:
        return snapshot.from_json(answer["partitions"])
    except ShapeError as error:
        raise ConnectError(f"the host's answer is garbled: {error}") from error


_PLAIN = (
    "os",
    "distribution",
    "major",
    "kernel",
    "architecture",
    "python",
    "nouveau_loaded",
    "docker",
    "docker_running",
    "toolkit",
    "secure_boot",
)
