"""Flat apt repositories, laid out and signed as NVIDIA's are."""

import gzip
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from provision.lab.packages.signing import SigningKey


@dataclass(frozen=True)
class Deb:
    """A package file with the control fields that its index entry repeats."""

    file_name: str
    fields: Mapping[str, str]
    content: bytes


def write(directory: Path, debs: Sequence[Deb], *, origin: str, label: str, key: SigningKey) -> None:
    """Fill `directory` with the packages, their index, its signatures and the public key."""
    directory.mkdir(parents=True)
    for deb in debs:
        (directory / deb.file_name).write_bytes(deb.content)
    index = "\n".join(_stanza(deb) for deb in debs).encode()
    indices = {"Packages": index, "Packages.gz": gzip.compress(index, mtime=0)}
    release = _release(indices, origin, label, datetime.now(UTC)).encode()
    key_name = f"{key.fingerprint[-8:]}.pub"
    published = {
        **indices,
        "Release": release,
        "InRelease": key.clear_sign(release),
        "Release.gpg": key.detach_sign(release),
        key_name: key.public,
    }
    for name, content in published.items():
        (directory / name).write_bytes(content)


def _stanza(deb: Deb) -> str:
    fields = {
        **deb.fields,
        "Filename": f"./{deb.file_name}",
        "Size": str(len(deb.content)),
        "MD5sum": hashlib.md5(deb.content, usedforsecurity=False).hexdigest(),
        "SHA1": hashlib.sha1(deb.content, usedforsecurity=False).hexdigest(),
        "SHA256": hashlib.sha256(deb.content).hexdigest(),
    }
    return "".join(f"{name}: {value}\n" for name, value in fields.items())


def _release(indices: Mapping[str, bytes], origin: str, label: str, moment: datetime) -> str:
    sums = "".join(
        f" {hashlib.sha256(content).hexdigest()} {len(content):>16} {name}\n"
        for name, content in indices.items()
    )
    return (
        f"Origin: {origin}\nLabel: {label}\nArchitecture: x86_64\n"
        f"Date: {moment:%a, %d %b %Y %H:%M:%S} UTC\nSHA256:\n{sums}"
    )
