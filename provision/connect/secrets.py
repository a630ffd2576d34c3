"""Plain text of vaulted connection variables, with the passwords that Ansible is configured with."""

from functools import cache
from threading import Lock
from typing import Any

from provision.connect.variables import UnresolvedError

_ONE_AT_A_TIME = Lock()


def decrypt(ciphertext: str) -> str:
    """Return the plain text. Raises UnresolvedError: Ansible may still ask for a password itself."""
    try:
        with _ONE_AT_A_TIME:
            vault = _vault()
        plain: bytes = vault.decrypt(ciphertext.encode())
    except Exception as error:  # Ansible's vault raises many kinds, and all mean the same here
        raise UnresolvedError("vaulted value") from error
    return plain.decode()


@cache
def _vault() -> Any:  # noqa: ANN401 - Ansible has no types
    from ansible import constants
    from ansible.cli import CLI  # slow: only fleets with vaulted connection variables pay for it
    from ansible.parsing.dataloader import DataLoader
    from ansible.parsing.vault import VaultLib, VaultSecretsContext

    # Ansible keeps its secrets once a process, and refuses to read them again.
    context = VaultSecretsContext.current(optional=True)
    if context is not None:
        return VaultLib(context.secrets)
    identities = list(constants.DEFAULT_VAULT_IDENTITY_LIST)
    return VaultLib(CLI.setup_vault_secrets(DataLoader(), identities, auto_prompt=False))
