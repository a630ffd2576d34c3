"""Vaulted connection variables, decrypted with the password that Ansible is configured with."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
from ansible.constants import DEFAULT_VAULT_ID_MATCH
from ansible.parsing.vault import VaultLib, VaultSecret
from provision.connect.secrets import decrypt
from provision.connect.target import UnresolvedError
text = VaultLib([("default", VaultSecret(sys.argv[1].encode()))]).encrypt("s3cret").decode()
try:
    print(decrypt(text))
except UnresolvedError as error:
    print("unresolved:", error)
"""


@pytest.mark.parametrize(("password", "told"), [("right", "s3cret"), ("wrong", "unresolved: vaulted value")])
def test_a_vaulted_value_needs_the_configured_password(tmp_path: Path, password: str, told: str) -> None:
    """In a process of its own: Ansible reads its configuration once."""
    (tmp_path / "password").write_text("right\n")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, password],
        env={**os.environ, "ANSIBLE_VAULT_PASSWORD_FILE": str(tmp_path / "password")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{told}\n"
