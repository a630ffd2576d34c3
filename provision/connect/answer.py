"""Reads what the program printed on a host: its answer, or what went wrong and what cures it. Pure."""

import json
import math
from typing import Any

from provision.connect.program import NO_PYTHON, OLD_PYTHON
from provision.errors import ConnectError
from provision.plugins.module_utils.asking.answer import BEGIN, END
from provision.visible import visible

Answer = dict[str, Any]

LARGEST = 16 * 1024 * 1024
"""Bytes of an answer that are read."""

_DEEPEST = 40
_MOST_TOLD = 200
_CURE = "what runs on the host is not what was sent: is `ansible_python_interpreter` a Python, and the host sound?"


def read(output: str, errors: str, code: int | None, user: str | None) -> Answer:
    """Return the answer in the program's output, whatever a login shell printed around it.

    It is made of JSON's types alone, its texts are visible, its numbers finite and of 64 bits.

    `code` is the exit code, None where the connection closed before there was one; `user` is who logged in,
    None where only the connection knows. Raises ConnectError.
    """
    _, found, rest = output.rpartition(f"{BEGIN} ")
    text, ended, _ = rest.partition(f" {END}")
    if not found or not ended:
        raise _failure(output, errors, code, user)
    try:
        answer = checked(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise garbled(repr(text[:80])) from error
    if not isinstance(answer, dict):
        raise garbled(f"it is {type(answer).__name__}, not an object")
    if "error" in answer:
        who = f"user `{user}`" if user else "the user"
        raise ConnectError(
            f"{who} is not root on the host", hint="set `ansible_become: true` and allow it sudo"
        )
    return answer


def checked(value: object, keep: str = "\n\t", too_large: int = 2**63, deepest: int = _DEEPEST) -> Any:  # noqa: ANN401
    """Return a value of JSON with every text in it made visible, all but what is kept.

    Raises ValueError for a number that is none or too large, and for a value that is nested too deeply.
    """
    if deepest < 0:
        raise ValueError("nested too deeply")
    if isinstance(value, str):
        return visible(value, keep)
    if isinstance(value, dict):
        return {visible(key): checked(item, keep, too_large, deepest - 1) for key, item in value.items()}
    if isinstance(value, list):
        return [checked(item, keep, too_large, deepest - 1) for item in value]
    if isinstance(value, int | float) and not (math.isfinite(value) and abs(value) < too_large):
        raise ValueError(f"{value} is too large a number")
    return value


def garbled(what: str) -> ConnectError:
    """Return the error of a host whose answer is not what was asked for."""
    return ConnectError(f"the host's answer is garbled: {what[:_MOST_TOLD]}", hint=_CURE)


def too_long() -> ConnectError:
    """Return the error of a host that does not stop to print."""
    return ConnectError(f"the host answers with more than {LARGEST >> 20} MiB", hint=_CURE)


_PASSWORD = ("sudo asks {user} for a password", "set `ansible_become_password` (vaulted)")
_REFUSED = ("{who} may not use sudo", "allow it in /etc/sudoers.d, or use another user")
_SUDO = {
    "a password is required": _PASSWORD,
    "a terminal is required": _PASSWORD,
    "incorrect password": ("sudo refuses the password of {user}", "correct `ansible_become_password`"),
    "not in the sudoers": _REFUSED,
    "not allowed to execute": _REFUSED,
    "unknown user": ("sudo knows no such user", "correct `ansible_become_user`"),
}


def _failure(output: str, errors: str, code: int | None, user: str | None) -> ConnectError:
    for words, (message, hint) in _SUDO.items():
        if words in errors:
            name = f"`{user}`" if user else "the user"
            who = f"user {name}" if user else name
            return ConnectError(message.format(user=name, who=who), hint=hint)
    if NO_PYTHON in output:
        return ConnectError(
            "no Python on the host", hint="install python3, or set `ansible_python_interpreter` to its path"
        )
    if "sudo" in errors and "not found" in errors:
        return ConnectError(
            "no sudo on the host", hint="install sudo, or connect as root with `ansible_user: root`"
        )
    _, old, rest = errors.partition(f"{OLD_PYTHON} ")
    if old:
        return ConnectError(
            f"Python {rest.split()[0].rstrip('.')} on the host is too old",
            hint="install Python 3.8 or newer, and set `ansible_python_interpreter` to its path",
        )
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    if code is None:
        said = f": {lines[-1]}" if lines else ""
        return ConnectError(
            f"the host closed the connection while it was asked{said}",
            hint="try `ssh` by hand; the host's journal of its sshd may say why",
        )
    last = lines[-1] if lines else "it printed no error"
    return ConnectError(
        f"Python failed on the host (exit code {code}): {last}",
        hint="try it by hand, or set `ansible_python_interpreter` to a Python from 3.8 on",
    )
