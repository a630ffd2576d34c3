"""Reads OpenPGP public keys: fingerprints, and the certificates that a list of fingerprints names.

Only what is needed to trust a repository's key by its fingerprint; signatures are the package manager's work. RFC
4880 and RFC 9580: a fingerprint is a hash over the public key packet, so no other cryptography is needed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import Iterable, List, NamedTuple, Sequence

_ARMOR = re.compile(
    rb"-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n(?P<body>.*?)-----END PGP PUBLIC KEY BLOCK-----", re.DOTALL
)
_PUBLIC_KEY = 6
_SECRET_KEYS = (5, 7)


class OpenPgpError(ValueError):
    """What was given is no OpenPGP public key."""


class Certificate(NamedTuple):
    """One primary key with its user ids, signatures and subkeys."""

    fingerprint: str
    """Upper case hexadecimal, without spaces: 40 digits (version 4) or 64 (version 6)."""
    packets: bytes
    """The certificate as it stood in the file, binary."""


def certificates(data: bytes) -> List[Certificate]:
    """Return the certificates in a key file, armored or binary.

    Raises OpenPgpError when there are none, when a packet is cut off, or when the file holds a secret key.
    """
    found: List[Certificate] = []
    for tag, body, packet in _packets(_binary(data)):
        if tag in _SECRET_KEYS:
            raise OpenPgpError("the file holds a secret key")
        if tag == _PUBLIC_KEY:
            found.append(Certificate(_fingerprint(body), packet))
        elif found:
            found[-1] = found[-1]._replace(packets=found[-1].packets + packet)
    if not found:
        raise OpenPgpError("the file holds no public key")
    return found


def normalized(fingerprint: str) -> str:
    """Return a fingerprint as certificates() writes it.

    Raises OpenPgpError for a key id or anything else that is not a whole fingerprint.
    """
    text = re.sub(r"[\s:]", "", fingerprint).upper()
    if text.startswith("0X"):
        text = text[2:]
    if not re.match(r"\A(?:[0-9A-F]{40}|[0-9A-F]{64})\Z", text):
        raise OpenPgpError("`%s` is no fingerprint: 40 or 64 hexadecimal digits" % fingerprint)
    return text


def keyring(found: Sequence[Certificate], fingerprints: Iterable[str]) -> bytes:
    """Return a binary keyring with the certificates that `fingerprints` names and no other.

    Without fingerprints every certificate is kept. An empty result means that none of them was named.
    """
    wanted = {normalized(each) for each in fingerprints}
    return b"".join(each.packets for each in found if not wanted or each.fingerprint in wanted)


def armored(binary: bytes) -> str:
    """Return a keyring as text, as rpm wants its key files."""
    encoded = base64.b64encode(binary).decode("ascii")
    lines = [encoded[start : start + 64] for start in range(0, len(encoded), 64)]
    checksum = base64.b64encode(_crc24(binary).to_bytes(3, "big")).decode("ascii")
    return "\n".join(
        [
            "-----BEGIN PGP PUBLIC KEY BLOCK-----",
            "",
            *lines,
            "=" + checksum,
            "-----END PGP PUBLIC KEY BLOCK-----",
            "",
        ]
    )


def _binary(data: bytes) -> bytes:
    blocks = [match.group("body") for match in _ARMOR.finditer(data)]
    if not blocks:
        if b"-----BEGIN" in data[:1024] or not data or not data[0] & 0x80:
            raise OpenPgpError("the file holds no public key")
        return data
    return b"".join(_dearmored(each) for each in blocks)


def _dearmored(body: bytes) -> bytes:
    text = body.replace(b"\r\n", b"\n")
    # Headers such as `Version:` end at the first empty line.
    content = text.split(b"\n\n", 1)[1] if b"\n\n" in text and b":" in text.split(b"\n\n", 1)[0] else text
    lines = [line.strip() for line in content.split(b"\n")]
    encoded = b"".join(line for line in lines if line and not line.startswith(b"="))
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise OpenPgpError("the key block is damaged: %s" % error) from error


def _packets(data: bytes) -> Iterable["tuple[int, bytes, bytes]"]:
    """Yield tag, body and the whole packet; RFC 9580 section 4.2."""
    position = 0
    while position < len(data):
        start, header = position, data[position]
        if not header & 0x80:
            raise OpenPgpError("damaged packet at byte %d" % position)
        position += 1
        if header & 0x40:
            tag = header & 0x3F
            position, length = _new_length(data, position)
        else:
            tag = (header >> 2) & 0x0F
            octets = (1, 2, 4, 0)[header & 0x03]
            length = (
                int.from_bytes(data[position : position + octets], "big") if octets else len(data) - position
            )
            position += octets
        end = position + length
        if end > len(data):
            raise OpenPgpError("the key is cut off at byte %d" % len(data))
        yield tag, data[position:end], data[start:end]
        position = end


def _new_length(data: bytes, position: int) -> "tuple[int, int]":
    """Return the position after the length and the length itself; partial lengths are not for keys."""
    first = data[position] if position < len(data) else 255
    if first < 192:
        return position + 1, first
    if first < 224:
        second = data[position + 1] if position + 1 < len(data) else 0
        return position + 2, ((first - 192) << 8) + second + 192
    if first == 255:
        return position + 5, int.from_bytes(data[position + 1 : position + 5], "big")
    raise OpenPgpError("a key packet of partial length at byte %d" % position)


def _fingerprint(body: bytes) -> str:
    version = body[0] if body else 0
    if version == 4:
        # SHA-1 is what the format prescribes for version 4; the fingerprint is an identifier here.
        return hashlib.sha1(b"\x99" + len(body).to_bytes(2, "big") + body).hexdigest().upper()
    if version == 6:
        return hashlib.sha256(b"\x9b" + len(body).to_bytes(4, "big") + body).hexdigest().upper()
    raise OpenPgpError("a key of version %d, which is not supported" % version)


def _crc24(data: bytes) -> int:
    crc = 0xB704CE
    for byte in data:
        crc ^= byte << 16
        for _ in range(8):
            crc <<= 1
            if crc & 0x1000000:
                crc ^= 0x1864CFB
    return crc & 0xFFFFFF
