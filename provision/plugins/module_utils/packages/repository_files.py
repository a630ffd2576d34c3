"""Turns repository options into files: fetches keys, compares with what is on disk.

The shell around repositories.py, which decides.
"""

from __future__ import annotations

import glob
import os
from typing import Any, Callable, Dict, List, Mapping, Optional

from ansible.module_utils.urls import open_url

from ..host import os_release
from ..host.files import read_bytes, read_text
from ..host.machine import Machine
from ..host.os_release import APT, DNF
from .repositories import (
    RepositoryError,
    RepositoryFiles,
    check,
    conflicting,
    is_url,
    render,
    source_entries,
    trusted_key,
)

_TIMEOUT = 30
Fetch = Callable[[str], bytes]


def manager(choice: str) -> str:
    """Return the package manager of this host; `auto` asks os-release."""
    return os_release.read(Machine()).package_manager if choice == "auto" else choice


def fetch(url: str) -> bytes:
    """Return what an address holds, through the host's proxy settings."""
    try:
        response = open_url(url, timeout=_TIMEOUT)
        return bytes(response.read())
    except (OSError, ValueError) as error:
        raise RepositoryError(
            "the key at %s cannot be fetched: %s" % (url, error),
            "check the address and the host's way to it, or give the key as a file of the control machine",
        ) from error


def files_of(options: Mapping[str, Any], package_manager: str, fetcher: Fetch = fetch) -> RepositoryFiles:
    """Return the files of one repository, its key fetched and compared with the fingerprints.

    A key that is already on disk and holds every fingerprint is not fetched again.
    """
    check(options)
    key = _configured_key(options, package_manager)
    if key is None:
        given = options["key"]
        key = trusted_key(options, fetcher(given.strip()) if is_url(given) else given.encode("utf-8"))
    return render(options, key, package_manager)


def is_configured(files: RepositoryFiles) -> bool:
    """Tell whether the host has these files as they are, and nothing that they replace."""
    return (
        read_text(files.source_path) == files.source
        and read_bytes(files.key_path) == files.key
        and not replaced(files)
    )


def replaced(files: RepositoryFiles) -> List[str]:
    """Return the files on disk that the repository replaces."""
    own = (files.source_path, files.key_path)
    return sorted({path for each in files.replaces for path in glob.glob(each) if path not in own})


def refuse_conflict(files: RepositoryFiles) -> None:
    """Raise RepositoryError where another apt source offers the same address under another key."""
    skipped = {files.source_path, *replaced(files)}
    for path in apt_sources():
        if path in skipped:
            continue
        for entry in conflicting(source_entries(path, read_text(path) or ""), files):
            raise RepositoryError(
                "%s:%d offers %s under %s; apt reads no list while two keys are named for one address"
                % (path, entry.line, entry.uri, entry.signed_by or "no key of its own"),
                "remove that entry",
            )


def apt_sources() -> List[str]:
    """Return the host's apt source files."""
    parts = glob.glob("/etc/apt/sources.list.d/*.list") + glob.glob("/etc/apt/sources.list.d/*.sources")
    return [path for path in ["/etc/apt/sources.list", *sorted(parts)] if os.path.isfile(path)]


def _configured_key(options: Mapping[str, Any], package_manager: str) -> Optional[bytes]:
    if not is_url(options["key"]):
        return None
    path = render(options, b"", package_manager).key_path
    present = read_bytes(path)
    if present is None:
        return None
    try:
        return trusted_key(options, present)
    except RepositoryError:
        return None


PENDING: Dict[str, Any] = {"type": "list", "elements": "dict", "default": []}
MANAGER: Dict[str, Any] = {"type": "str", "choices": ["auto", APT, DNF], "default": "auto"}
