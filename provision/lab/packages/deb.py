"""Debian package files, written without dpkg.

`dpkg-deb --build` wants every package's files laid out on disk and a process for each. This writes a hundred packages
in a second, and the same sources are the same bytes every time: an image that is named by the digest of what is
installed in it is not built anew.
"""

import gzip
import hashlib
import io
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# dpkg warns of files from 1970; a fixed date keeps the packages reproducible.
_TIMESTAMP = 1767225600  # 2026-01-01 00:00:00 UTC


@dataclass(frozen=True)
class Entry:
    """A regular file (`link` is None) or a symbolic link; `path` has no leading slash."""

    path: str
    content: bytes = b""
    mode: int = 0o644
    link: str | None = None


def write(
    fields: Mapping[str, str],
    entries: Sequence[Entry],
    *,
    scripts: Mapping[str, bytes],
    conffiles: Sequence[str],
    triggers: Sequence[str],
) -> bytes:
    """Return a .deb with the given control fields, files and maintainer scripts.

    `conffiles` are paths without a leading slash; `triggers` are lines of the triggers file.
    """
    control = "".join(f"{name}: {value}\n" for name, value in fields.items())
    members = [Entry("control", control.encode())]
    if conffiles:
        members.append(Entry("conffiles", "".join(f"/{path}\n" for path in conffiles).encode()))
    if triggers:
        members.append(Entry("triggers", "".join(f"{line}\n" for line in triggers).encode()))
    # `dpkg --verify` goes by these; links have none.
    sums = [
        f"{hashlib.md5(entry.content, usedforsecurity=False).hexdigest()}  {entry.path}\n"
        for entry in entries
        if entry.link is None and entry.path not in conffiles
    ]
    members.append(Entry("md5sums", "".join(sums).encode()))
    members += [Entry(name, body, 0o755) for name, body in scripts.items()]
    return b"!<arch>\n" + b"".join(
        _ar_member(name, body)
        for name, body in (
            ("debian-binary", b"2.0\n"),
            ("control.tar.gz", _tar(members)),
            ("data.tar.gz", _tar(entries)),
        )
    )


def installed_size(entries: Sequence[Entry]) -> int:
    """Return what the Installed-Size field says, in KiB, every file at least one."""
    return sum(max(1, (len(entry.content) + 1023) // 1024) for entry in entries)


def _ar_member(name: str, body: bytes) -> bytes:
    header = f"{name:<16}{_TIMESTAMP:<12}{0:<6}{0:<6}{'100644':<8}{len(body):<10}`\n"
    return header.encode() + body + b"\n" * (len(body) % 2)


def _tar(entries: Sequence[Entry]) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.GNU_FORMAT) as archive:
        archive.addfile(_info("./", 0o755, tarfile.DIRTYPE))
        for directory in sorted({parent for entry in entries for parent in _parents(entry.path)}):
            archive.addfile(_info(f"./{directory}/", 0o755, tarfile.DIRTYPE))
        for entry in sorted(entries, key=lambda entry: entry.path):
            info = _info(f"./{entry.path}", entry.mode, tarfile.REGTYPE)
            if entry.link is not None:
                info.type, info.linkname, info.mode = tarfile.SYMTYPE, entry.link, 0o777
            else:
                info.size = len(entry.content)
            archive.addfile(info, io.BytesIO(entry.content))
    return gzip.compress(raw.getvalue(), compresslevel=6, mtime=0)


def _parents(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]


def _info(name: str, mode: int, kind: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.mode, info.type, info.mtime = mode, kind, _TIMESTAMP
    info.uname = info.gname = "root"
    return info
