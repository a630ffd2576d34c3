"""What is laid over a server's root before its first start, as one tar archive for `docker cp`."""

import io
import tarfile
import time
from pathlib import Path

from provision.errors import RunError

MERGED = frozenset({"bin", "lib", "lib32", "lib64", "libx32", "sbin"})
"""Links into /usr on every release there is: a directory of that name would replace the link."""


class Overlay:
    """Collects files for the root of one server; everything belongs to root unless said otherwise."""

    def __init__(self) -> None:
        self._buffer = io.BytesIO()
        self._now = int(time.time())
        self._archive = tarfile.open(fileobj=self._buffer, mode="w")  # noqa: SIM115 - closed by `finish`

    def add_tree(self, root: Path) -> None:
        """Add everything below a directory: modes and links as they are, owned by root."""
        for path in sorted(root.rglob("*")):
            name = path.relative_to(root)
            if name.parts[0] in MERGED:
                raise RunError(
                    f"{path} would replace a link of the server's root", hint=f"move it below usr/{name}"
                )
            member = self._archive.gettarinfo(path, str(name))
            member.uid = member.gid = 0
            member.uname = member.gname = "root"
            if member.isfile():
                with path.open("rb") as content:
                    self._archive.addfile(member, content)
            else:
                self._archive.addfile(member)

    def add_file(self, target: str, content: bytes, *, mode: int = 0o644, owner: int = 0) -> None:
        """Add one file at an absolute path; directories on the way are root's unless they were added."""
        member = tarfile.TarInfo(target.lstrip("/"))
        member.size = len(content)
        member.mode = mode
        member.mtime = self._now
        member.uid = member.gid = owner
        self._archive.addfile(member, io.BytesIO(content))

    def add_directory(self, target: str, *, mode: int = 0o755, owner: int = 0) -> None:
        """Add one directory at an absolute path."""
        member = tarfile.TarInfo(target.lstrip("/"))
        member.type = tarfile.DIRTYPE
        member.mode = mode
        member.mtime = self._now
        member.uid = member.gid = owner
        self._archive.addfile(member)

    def finish(self) -> bytes:
        """Close the archive and return it."""
        self._archive.close()
        return self._buffer.getvalue()
