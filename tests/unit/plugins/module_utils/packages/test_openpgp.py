"""Fingerprints of OpenPGP keys, against what gpg says of keys that it made."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from provision.plugins.module_utils.packages.openpgp import (
    OpenPgpError,
    armored,
    certificates,
    keyring,
    normalized,
)
from tests.needs import needing


class Keys(NamedTuple):
    """What gpg made."""

    binary: bytes
    armored: bytes
    secret: bytes
    fingerprints: list[str]


@pytest.fixture(scope="module")
@needing("gpg")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keys]:
    home = tmp_path_factory.mktemp("gnupg")
    home.chmod(0o700)

    def gpg(*arguments: str) -> bytes:
        command = ["gpg", "--homedir", str(home), "--batch", "--no-tty", "--passphrase", ""]
        return subprocess.run([*command, *arguments], check=True, capture_output=True).stdout

    for name, kind in (("one", "rsa2048"), ("two", "ed25519")):
        gpg("--quick-generate-key", f"{name} <{name}@example.org>", kind, "sign", "never")
    first = _fingerprints(gpg("--list-keys", "--with-colons"))
    gpg("--quick-add-key", first[0], "rsa2048", "sign", "never")
    yield Keys(
        binary=gpg("--export"),
        armored=gpg("--armor", "--export"),
        secret=gpg("--pinentry-mode", "loopback", "--export-secret-keys"),
        fingerprints=first,
    )
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False)


def test_finds_each_primary_key_and_no_subkey(keys: Keys) -> None:
    assert [each.fingerprint for each in certificates(keys.binary)] == keys.fingerprints


def test_reads_armor_as_it_reads_binary(keys: Keys) -> None:
    assert certificates(keys.armored) == certificates(keys.binary)


def test_reads_armor_with_headers_and_carriage_returns(keys: Keys) -> None:
    text = keys.armored.replace(b"BLOCK-----\n\n", b"BLOCK-----\nVersion: GnuPG v2\n\n", 1).replace(
        b"\n", b"\r\n"
    )
    assert certificates(text) == certificates(keys.binary)


def test_reads_its_own_armor(keys: Keys) -> None:
    assert certificates(armored(keys.binary).encode()) == certificates(keys.binary)


def test_gpg_accepts_the_armor(keys: Keys, tmp_path: Path) -> None:
    home = tmp_path / "gnupg"
    home.mkdir(mode=0o700)
    shown = subprocess.run(
        ["gpg", "--homedir", str(home), "--batch", "--show-keys", "--with-colons"],
        input=armored(keys.binary).encode(),
        check=True,
        capture_output=True,
    )
    assert _fingerprints(shown.stdout) == keys.fingerprints


def test_keyring_holds_only_the_keys_that_are_named(keys: Keys) -> None:
    wanted = keys.fingerprints[1]
    kept = keyring(certificates(keys.binary), [" ".join(wanted[i : i + 4] for i in range(0, 40, 4)).lower()])
    assert [each.fingerprint for each in certificates(kept)] == [wanted]


def test_keyring_is_empty_when_no_key_is_named(keys: Keys) -> None:
    assert keyring(certificates(keys.binary), ["0" * 40]) == b""


def test_refuses_a_secret_key(keys: Keys) -> None:
    with pytest.raises(OpenPgpError, match="secret key"):
        certificates(keys.secret)


def test_refuses_a_key_that_is_cut_off(keys: Keys) -> None:
    with pytest.raises(OpenPgpError, match="cut off"):
        certificates(keys.binary[:100])


@pytest.mark.parametrize("data", [b"", b"<html>404</html>", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_refuses_what_is_no_key(data: bytes) -> None:
    with pytest.raises(OpenPgpError, match="no public key"):
        certificates(data)


@pytest.mark.parametrize("text", ["3bf863cc", "A4B469963BF863CC", "", "Z" * 40])
def test_a_key_id_is_no_fingerprint(text: str) -> None:
    with pytest.raises(OpenPgpError, match="no fingerprint"):
        normalized(text)


def _fingerprints(colons: bytes) -> list[str]:
    lines = [line.split(":") for line in colons.decode().splitlines()]
    return [lines[number + 1][9] for number, line in enumerate(lines) if line[0] == "pub"]
