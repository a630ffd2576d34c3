"""Refusals: nothing was changed, on purpose. They are told as a value, `refused`, not by words of a message.

Runs on hosts (Python 3.8, standard library only).
"""

from __future__ import annotations

from typing import NoReturn, Protocol


class RefusedError(Exception):
    """Nothing was changed. The message says what stands in the way, the hint what to do about it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class Module(Protocol):
    """What of AnsibleModule is needed here."""

    def fail_json(self, msg: str, **details: object) -> NoReturn:
        """End the module as failed."""


def refuse_json(module: Module, message: str, hint: str, **details: object) -> NoReturn:
    """End the module as one that refused, which its result says in `refused`."""
    module.fail_json(msg=message, hint=hint, refused=True, **details)
