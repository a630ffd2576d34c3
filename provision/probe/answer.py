"""Reads what the program printed on a host: the survey, or what went wrong and what cures it. Pure."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from provision.connect.program import NO_PYTHON, OLD_PYTHON
from provision.model.observed import (
    Driver,
    Gpu,
    InfinibandPort,
    Observed,
    ReceiptState,
    Workload,
)
from provision.plugins.module_utils.asking.answer import BEGIN, END, SCHEMA

if TYPE_CHECKING:
    from provision.plugins.module_utils.mig.snapshot import Scene


class ProbeError(Exception):
    """Why a host could not be probed, and what cures it. `reachable` tells whether it let us in."""

    def __init__(self, message: str, *, hint: str | None = None, reachable: bool = True) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.reachable = reachable


def read(output: str, errors: str, code: int | None, user: str) -> Observed:
    """Return the survey in the program's output, whatever a login shell printed around it.

    `code` is the exit code, None where the connection closed before there was one. Raises ProbeError.
    """
    _, found, rest = output.rpartition(f"{BEGIN} ")
    text, ended, _ = rest.partition(f" {END}")
    if not found or not ended:
        raise _failure(output, errors, code, user)
    try:
        answer: dict[str, Any] = json.loads(text)
    except ValueError as error:
        raise ProbeError(f"the probe's answer is garbled: {text[:80]!r}") from error
    if "error" in answer:
        raise ProbeError(
            f"user `{user}` is not root on the host", hint="set `ansible_become: true` and allow it sudo"
        )
    if answer["schema"] != SCHEMA:
        raise ProbeError(f"the probe answered in schema {answer['schema']}, not {SCHEMA}")
    return observed(answer)


def observed(answer: Mapping[str, Any]) -> Observed:
    """Return the values of a survey."""
    return Observed(
        **{key: answer[key] for key in _PLAIN},
        gpus=tuple(Gpu(**{**gpu, "mig": tuple(gpu.get("mig") or ())}) for gpu in answer["gpus"]),
        driver=Driver(**answer["driver"]),
        workloads=tuple(Workload(**workload) for workload in answer["workloads"]),
        partitions=_partitions(answer),
        infiniband=tuple(InfinibandPort(**port) for port in answer["infiniband"]),
        receipts={
            role: ReceiptState(receipt["inputs"], tuple(receipt["differences"]))
            for role, receipt in answer["receipts"].items()
        },
    )


def _partitions(answer: Mapping[str, Any]) -> "Scene | None":
    if "partitions" not in answer:
        return None
    from provision.plugins.module_utils.mig.snapshot import from_json

    return from_json(answer["partitions"])


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

_SUDO = (
    (
        "a password is required",
        "sudo asks `{user}` for a password",
        "set `ansible_become_password` (vaulted)",
    ),
    (
        "a terminal is required",
        "sudo asks `{user}` for a password",
        "set `ansible_become_password` (vaulted)",
    ),
    ("incorrect password", "sudo refuses the password of `{user}`", "correct `ansible_become_password`"),
    (
        "not in the sudoers",
        "user `{user}` may not use sudo",
        "allow it in /etc/sudoers.d, or use another user",
    ),
    (
        "not allowed to execute",
        "user `{user}` may not use sudo",
        "allow it in /etc/sudoers.d, or use another user",
    ),
    ("unknown user", "sudo knows no such user", "correct `ansible_become_user`"),
)


def _failure(output: str, errors: str, code: int | None, user: str) -> ProbeError:
    for words, message, hint in _SUDO:
        if words in errors:
            return ProbeError(message.format(user=user), hint=hint)
    if NO_PYTHON in output:
        return ProbeError(
            "no Python on the host", hint="install python3, or set `ansible_python_interpreter` to its path"
        )
    if "sudo" in errors and "not found" in errors:
        return ProbeError(
            "no sudo on the host", hint="install sudo, or connect as root with `ansible_user: root`"
        )
    _, old, rest = errors.partition(f"{OLD_PYTHON} ")
    if old:
        return ProbeError(
            f"Python {rest.split()[0].rstrip('.')} on the host is too old",
            hint="install Python 3.8 or newer, and set `ansible_python_interpreter` to its path",
        )
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    if code is None:
        said = f": {lines[-1]}" if lines else ""
        return ProbeError(
            f"the host closed the connection while it was probed{said}",
            hint="try `ssh` by hand; the host's journal of its sshd may say why",
        )
    last = lines[-1] if lines else "it printed no error"
    return ProbeError(
        f"Python failed on the host (exit code {code}): {last}",
        hint="try it by hand, or set `ansible_python_interpreter` to a Python from 3.8 on",
    )
