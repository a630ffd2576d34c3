"""Errors that are meant for people: what is wrong, where, and what cures it.

ProvisionError                  exit code
├── InventoryError              2   the inventory cannot be read, or names something that does not exist
│   └── VariableError           2   a variable is unknown, misspelt or of the wrong type
├── UsageError                  2   an option that cannot be honoured
├── RefusedError                3   unsupported combination, or a disruption without consent
└── RunError                    1   a host failed, or a program that we need did
    └── ConnectError            1   a host could not be asked
"""

from provision.visible import visible

INTERRUPTED = 130
"""Exit code of a command that Ctrl-C, SIGTERM or the loss of the terminal ended."""

_MOST_TOLD = 1000
"""Characters of what a host said that one error repeats."""


class ProvisionError(Exception):
    """Base of every error that the command line turns into `error: …` and `hint: …`.

    The message is one line without a full stop, whatever others wrote into it; `hint` names the command or
    variable that cures it.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        self.message = visible(message)
        self.hint = None if hint is None else visible(hint, keep="\n\t")
        super().__init__(self.message)


class InventoryError(ProvisionError):
    """The inventory cannot be read, or `--limit` names something that is not in it."""

    exit_code = 2


class VariableError(InventoryError):
    """A variable is unknown, misspelt or has the wrong type."""


class UsageError(ProvisionError):
    """An option that cannot be honoured."""

    exit_code = 2


class RefusedError(ProvisionError):
    """An unsupported combination, or a disruption that was not consented to. Nothing was changed."""

    exit_code = 3


class RunError(ProvisionError):
    """Something that was started did not end well."""


class ConnectError(RunError):
    """Why a host could not be asked, and what cures it. `reachable` tells whether it let us in."""

    def __init__(self, message: str, *, hint: str | None = None, reachable: bool = True) -> None:
        super().__init__(message[:_MOST_TOLD], hint=hint)
        self.reachable = reachable
