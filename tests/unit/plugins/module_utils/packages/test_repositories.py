"""Files of package repositories, and what keeps one from being trusted."""

from typing import Any

import pytest

from provision.plugins.module_utils.host.os_release import APT, DNF
from provision.plugins.module_utils.packages.openpgp import armored
from provision.plugins.module_utils.packages.repositories import (
    RepositoryError,
    SourceEntry,
    check,
    conflicting,
    render,
    source_entries,
    trusted_key,
)

OPTIONS: dict[str, Any] = {
    "name": "nvidia-driver",
    "uri": "https://example.org/debian12/x86_64/",
    "suite": "./",
    "components": [],
    "key": "https://example.org/key.pub",
    "key_fingerprints": ["EB693B3035CD5710E231E123A4B469963BF863CC"],
    "replaces": [],
    "module_hotfixes": True,
}
# A version 4 public key packet with an RSA modulus of a few bits: enough for a fingerprint, nobody's key.
KEY = bytes([0x98, 12]) + bytes([4, 0, 0, 0, 0, 1, 0, 8, 255, 0, 2, 3])


def test_an_apt_source_names_its_key() -> None:
    files = render(OPTIONS, b"key", APT)
    assert files.source_path == "/etc/apt/sources.list.d/nvidia-driver.sources"
    assert files.key_path == "/etc/apt/keyrings/nvidia-driver.gpg"
    assert files.source.splitlines()[1:] == [
        "Types: deb",
        "URIs: https://example.org/debian12/x86_64/",
        "Suites: ./",
        "Signed-By: /etc/apt/keyrings/nvidia-driver.gpg",
    ]


def test_components_are_written_where_there_are_any() -> None:
    files = render({**OPTIONS, "suite": "bookworm", "components": ["stable", "test"]}, b"key", APT)
    assert "Components: stable test\n" in files.source


def test_a_dnf_repository_checks_signatures() -> None:
    files = render(OPTIONS, b"key", DNF)
    assert "gpgcheck=1\n" in files.source
    assert "gpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-nvidia-driver\n" in files.source
    assert "module_hotfixes=1\n" in files.source
    assert files.key == armored(b"key").encode()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"key_fingerprints": []}, "named by no fingerprint"),
        ({"name": "../x"}, "no name for a repository"),
        ({"uri": "example.org"}, "is no URL"),
    ],
)
def test_bad_options_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(RepositoryError, match=message):
        check({**OPTIONS, **change})


def test_a_key_in_the_options_needs_no_fingerprint() -> None:
    check({**OPTIONS, "key": "-----BEGIN PGP PUBLIC KEY BLOCK-----", "key_fingerprints": []})


def test_another_key_than_the_named_one_is_refused_with_both_fingerprints() -> None:
    with pytest.raises(
        RepositoryError, match=r"is [0-9A-F]{40}, expected EB693B3035CD5710E231E123A4B469963BF863CC"
    ):
        trusted_key(OPTIONS, KEY)


def test_a_page_in_place_of_a_key_is_refused() -> None:
    with pytest.raises(RepositoryError, match="no public key"):
        trusted_key(OPTIONS, b"<html>Not found</html>")


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (
            "a.list",
            "# deb http://x ./\ndeb [arch=amd64 signed-by=/k.gpg] http://x/ ./\n",
            [SourceEntry("http://x/", "/k.gpg", 2)],
        ),
        ("a.list", "deb http://y stable main\n", [SourceEntry("http://y", "", 1)]),
        (
            "a.sources",
            "Types: deb\nURIs: http://x http://y\nSuites: ./\nSigned-By: /k\n\nEnabled: no\nURIs: http://z\n",
            [SourceEntry("http://x", "/k", 1), SourceEntry("http://y", "/k", 1)],
        ),
    ],
)
def test_sources_are_read_in_both_formats(path: str, text: str, expected: list[SourceEntry]) -> None:
    assert source_entries(path, text) == expected


def test_the_same_address_under_another_key_conflicts() -> None:
    files = render({**OPTIONS, "uri": "http://x/"}, b"key", APT)
    entries = [
        SourceEntry("http://x", "/other", 1),
        SourceEntry("http://x/", files.key_path, 2),
        SourceEntry("http://y", "", 3),
    ]
    assert conflicting(entries, files) == entries[:1]
