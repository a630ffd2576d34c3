"""Package repositories as files on a host: apt's deb822 sources with their keyring, dnf's .repo with its key.

Rendering is pure; keys come in as bytes.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any, Dict, List, Mapping, NamedTuple, Sequence, Tuple

from ..host.os_release import DNF
from .openpgp import OpenPgpError, armored, certificates, keyring, normalized

ARGUMENTS: Dict[str, Dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "uri": {"type": "str", "required": True},
    "suite": {"type": "str", "default": "./"},
    "components": {"type": "list", "elements": "str", "default": []},
    "key": {"type": "str", "required": True, "no_log": False},
    "key_fingerprints": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "replaces": {"type": "list", "elements": "str", "default": []},
    "module_hotfixes": {"type": "bool", "default": False},
}
"""Options of one repository: of package_repository, and of each item of `pending_repositories`."""

_HEADER = "# Written by provision. Changes are overwritten.\n"
_URI = re.compile(r"\A[a-z][a-z0-9+.-]*:/?/?\S+\Z")


class RepositoryError(ValueError):
    """A repository that must not be configured; `hint` says what cures it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class RepositoryFiles(NamedTuple):
    """What one repository is on disk."""

    name: str
    uri: str
    source_path: str
    source: str
    key_path: str
    key: bytes
    replaces: Tuple[str, ...]

    def relocated(self, key_path: str) -> str:
        """Return the source file's text for a key that lies elsewhere."""
        return self.source.replace(self.key_path, key_path)


def is_url(key: str) -> bool:
    """Tell whether the key is given by its address rather than by its text."""
    return re.match(r"\A(?:https?|file)://\S+\Z", key.strip()) is not None


def check(options: Mapping[str, Any]) -> None:
    """Raise RepositoryError for options that must not be used, before anything is fetched."""
    name = options["name"]
    if not re.match(r"\A[A-Za-z0-9][A-Za-z0-9_-]*\Z", name):
        raise RepositoryError("`%s` is no name for a repository" % name, "use letters, digits, `-` and `_`")
    if not _URI.match(options["uri"]):
        raise RepositoryError("repository %s: `%s` is no URL" % (name, options["uri"]), "begin with https://")
    if is_url(options["key"]) and not options["key_fingerprints"]:
        raise RepositoryError(
            "repository %s: the key at %s is named by no fingerprint" % (name, options["key"]),
            "set the fingerprint that the key's owner publishes, or give the key itself",
        )


def trusted_key(options: Mapping[str, Any], data: bytes) -> bytes:
    """Return the binary keyring to trust: of the key file's certificates those that the fingerprints name.

    Raises RepositoryError when the file holds none of them.
    """
    name, source = options["name"], options["key"] if is_url(options["key"]) else "the key given"
    try:
        wanted = [normalized(each) for each in options["key_fingerprints"]]
        found = certificates(data)
    except OpenPgpError as error:
        raise RepositoryError(
            "repository %s: %s: %s" % (name, source, error), "check the key and its fingerprint"
        ) from error
    kept = keyring(found, wanted)
    if not kept:
        raise RepositoryError(
            "repository %s: %s is %s, expected %s"
            % (name, source, ", ".join(each.fingerprint for each in found), ", ".join(wanted)),
            "nothing was written; compare with the fingerprint that the key's owner publishes",
        )
    return kept


def render(options: Mapping[str, Any], key: bytes, manager: str) -> RepositoryFiles:
    """Return the files of a repository for one package manager."""
    name, uri = options["name"], options["uri"]
    if manager == DNF:
        key_path = "/etc/pki/rpm-gpg/RPM-GPG-KEY-%s" % name
        lines = ["[%s]" % name, "name=%s" % name, "baseurl=%s" % uri, "enabled=1", "gpgcheck=1"]
        lines += ["gpgkey=file://%s" % key_path]
        lines += ["module_hotfixes=1"] if options["module_hotfixes"] else []
        return RepositoryFiles(
            name=name,
            uri=uri,
            source_path="/etc/yum.repos.d/%s.repo" % name,
            source=_HEADER + "\n".join(lines) + "\n",
            key_path=key_path,
            key=armored(key).encode("ascii"),
            replaces=tuple(options["replaces"]),
        )
    key_path = "/etc/apt/keyrings/%s.gpg" % name
    fields = [("Types", "deb"), ("URIs", uri), ("Suites", options["suite"])]
    fields += [("Components", " ".join(options["components"]))] if options["components"] else []
    fields += [("Signed-By", key_path)]
    return RepositoryFiles(
        name=name,
        uri=uri,
        source_path="/etc/apt/sources.list.d/%s.sources" % name,
        source=_HEADER + "".join("%s: %s\n" % field for field in fields),
        key_path=key_path,
        key=key,
        replaces=tuple(options["replaces"]),
    )


class SourceEntry(NamedTuple):
    """One repository that an apt source file configures."""

    uri: str
    signed_by: str
    line: int


def source_entries(path: str, text: str) -> List[SourceEntry]:
    """Return what an apt source file configures; the suffix tells its format (.list or .sources)."""
    if PurePosixPath(path).suffix == ".sources":
        return _deb822_entries(text)
    entries = []
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r"\s*deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+\S+", line)
        if match:
            options = dict(
                each.split("=", 1) for each in (match.group("options") or "").split() if "=" in each
            )
            entries.append(SourceEntry(match.group("uri"), options.get("signed-by", ""), number))
    return entries


def conflicting(entries: Sequence[SourceEntry], files: RepositoryFiles) -> List[SourceEntry]:
    """Return the entries that offer the same address under another key; apt refuses to read any list then."""
    return [
        each
        for each in entries
        if each.uri.rstrip("/") == files.uri.rstrip("/") and each.signed_by != files.key_path
    ]


def _deb822_entries(text: str) -> List[SourceEntry]:
    entries = []
    number = 1
    for stanza in re.split(r"\n[ \t]*\n", text):
        fields = {
            key.lower(): value.strip()
            for key, value in re.findall(
                r"^([A-Za-z-]+):((?:[^\n]*)(?:\n[ \t]+[^\n]*)*)", stanza, re.MULTILINE
            )
        }
        if fields.get("enabled", "yes").lower() not in ("no", "false", "0"):
            entries += [
                SourceEntry(uri, fields.get("signed-by", ""), number)
                for uri in fields.get("uris", "").split()
            ]
        number += stanza.count("\n") + 2
    return entries
