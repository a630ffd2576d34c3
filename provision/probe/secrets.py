"""Plain text of vaulted connection variables, with the passwords that Ansible is configured with."""

from functools import cache
from typing import Any

from provision.probe.target import UnresolvedError


def decrypt(ciphertext: str) -> str:
    """Return the plain text. Raises UnresolvedError: Ansible may still ask for a password itself."""
    try:
        plain: bytes = _vault().decrypt(ciphertext.encode())
    except Exception as error:  # Ansible's vault raises many kinds, and all mean the same here
        raise UnresolvedError("vaulted value") from error
    return plain.decode()


@cache
def _vault() -> Any:  # noqa: ANN401 - Ansible has no types
    from ansible import constants
    from ansible.cli import CLI  # slow: only fleets with vaulted connection variables pay for it
    from ansible.parsing.dataloader import DataLoader
    from ansible.parsing.vault import VaultLib

    identities = list(constants.DEFAULT_VAULT_IDENTITY_LIST)
    return VaultLib(CLI.setup_vault_secrets(DataLoader(), identities, auto_prompt=False))
