"""What ansible-core keeps to itself and reading an inventory needs.

The other such file is `provision/plugins/plugin_utils/ansible_private.py`. Ansible is imported when it is needed:
its settings come from the environment, which is not complete before.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from traceback import walk_tb
from typing import Any


def set_vault_secrets(loader: Any) -> None:  # noqa: ANN401 - Ansible has no types
    """Give the loader the vault passwords that Ansible is configured with."""
    from ansible import constants
    from ansible.parsing.vault import VaultSecretsContext

    # Ansible keeps its secrets once a process, and refuses to read them again.
    context = VaultSecretsContext.current(optional=True)
    if context is not None:
        loader.set_vault_secrets(context.secrets)
    elif constants.DEFAULT_VAULT_IDENTITY_LIST or constants.DEFAULT_VAULT_PASSWORD_FILE:
        from ansible.cli import CLI  # slow, so only for fleets that have a vault

        loader.set_vault_secrets(
            CLI.setup_vault_secrets(loader, list(constants.DEFAULT_VAULT_IDENTITY_LIST), auto_prompt=False)
        )


@contextmanager
def failures() -> Iterator[list[Exception]]:
    """Collect what Ansible would only warn about: the error of each source of an inventory that failed.

    Other warnings are kept for the run, whose log has them.
    """
    from ansible.utils.display import Display

    display = Display()
    failed: list[Exception] = []

    def collect(msg: str, exception: Exception) -> None:  # noqa: ARG001 - called by these names
        failed.append(exception)

    silenced: dict[str, Any] = {"error_as_warning": collect, "warning": _ignore, "deprecated": _ignore}
    try:
        vars(display).update(silenced)
        yield failed
    finally:
        for name in silenced:
            vars(display).pop(name, None)


def _ignore(*_: object, **__: object) -> None:
    pass


def ini_line(error: BaseException) -> int | None:
    """Return the line at which Ansible's INI parser stopped: it forgets the number before it raises."""
    for frame, _ in walk_tb(error.__traceback__):
        state = frame.f_locals
        if frame.f_code.co_name == "_parse" and "lines" in state:
            if "decl" in state:
                return int(state["decl"]["line"])
            return next(
                (
                    number
                    for number, line in enumerate(state["lines"], 1)
                    if line.strip() == state.get("line")
                ),
                None,
            )
    return None
