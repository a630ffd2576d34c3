"""Secure Boot as the firmware tells of it."""

from pathlib import Path

import pytest

from provision.plugins.module_utils.host.machine import Machine
from provision.plugins.module_utils.host.secure_boot import is_on


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"\6\0\0\0\1", True), (b"\6\0\0\0\0", False), (b"\6\0\0", None), (b"", None), (None, None)],
)
def test_secure_boot(tmp_path: Path, content: bytes | None, expected: bool | None) -> None:
    if content is not None:
        path = tmp_path / "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    assert is_on(Machine(str(tmp_path))) is expected
