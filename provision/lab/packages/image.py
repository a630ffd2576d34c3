"""The container image `cuda:base`, as files that a web server hands out as a read-only registry.

It stands for NVIDIA's CUDA base image: the same two environment variables, which ask for every GPU, and a
small Linux made of this machine's own programs with the libraries they need. No registry is reached for it.
"""

import gzip
import hashlib
import io
import json
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterable
from pathlib import Path

from provision.errors import RunError

REPOSITORY = "cuda"
TAG = "base"
MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"

_PROGRAMS = (
    *(
        "sh",
        "bash",
        "cat",
        "chmod",
        "cp",
        "cut",
        "date",
        "dd",
        "echo",
        "env",
        "false",
        "grep",
        "head",
        "id",
        "kill",
    ),
    *("ln", "ls", "mkdir", "mknod", "mount", "mv", "printenv", "ps", "pwd", "readlink", "rm", "sed", "sleep"),
    *("sort", "stat", "tail", "test", "touch", "tr", "true", "uname", "wc"),
)
_ENVIRONMENT = {
    "PATH": "/usr/local/nvidia/bin:/usr/local/cuda/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "NVIDIA_VISIBLE_DEVICES": "all",
    "NVIDIA_DRIVER_CAPABILITIES": "compute,utility",
}
_LINKS = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64"}
_DIRECTORIES = (
    "usr/bin",
    "usr/sbin",
    "usr/lib/x86_64-linux-gnu",
    "usr/lib64",
    "dev",
    "etc",
    "proc",
    "run",
    "sys",
    "tmp",
)
_TEXTS = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
    "etc/group": "root:x:0:\n",
    "etc/os-release": 'NAME="CUDA base image of the lab"\nID=lab\n',
}
_TIMESTAMP = 1767225600  # 2026-01-01 00:00:00 UTC
_LIBRARY = re.compile(r"(/\S+) \(0x[0-9a-f]+\)")


def sources() -> list[Path]:
    """Return the programs of this machine that go into the image; those that it lacks are left out."""
    return [Path(found) for name in _PROGRAMS if (found := shutil.which(name))]


def write_registry(directory: Path) -> None:
    """Write the files below `/v2/`: manifest by tag and by digest, configuration, one layer, list of tags."""
    layer = _layer(sources())
    compressed = gzip.compress(layer, compresslevel=6, mtime=0)
    config = _json(
        {
            "architecture": "amd64",
            "os": "linux",
            "created": "2026-01-01T00:00:00Z",
            "config": {
                "Env": [f"{name}={value}" for name, value in _ENVIRONMENT.items()],
                "Cmd": ["/bin/bash"],
                "WorkingDir": "/",
            },
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
            "history": [{"created": "2026-01-01T00:00:00Z", "created_by": "provision lab"}],
        }
    )
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": _descriptor("application/vnd.docker.container.image.v1+json", config),
            "layers": [_descriptor("application/vnd.docker.image.rootfs.diff.tar.gzip", compressed)],
        }
    )
    root = directory / REPOSITORY
    for folder in ("blobs", "manifests", "tags"):
        (root / folder).mkdir(parents=True)
    (root / "blobs" / _digest(config)).write_bytes(config)
    (root / "blobs" / _digest(compressed)).write_bytes(compressed)
    (root / "manifests" / _digest(manifest)).write_bytes(manifest)
    (root / "manifests" / TAG).write_bytes(manifest)
    (root / "tags" / "list").write_bytes(_json({"name": REPOSITORY, "tags": [TAG]}))


def _layer(programs: Iterable[Path]) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name in _DIRECTORIES:
            archive.addfile(_info(name, tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755))
        for name, target in _LINKS.items():
            link = _info(name, tarfile.SYMTYPE, 0o777)
            link.linkname = target
            archive.addfile(link)
        for name, text in _TEXTS.items():
            _add(archive, name, text.encode(), 0o644)
        files = {f"usr/bin/{program.name}": program for program in programs}
        for library in sorted({library for program in files.values() for library in _libraries(program)}):
            folder = "usr/lib64" if library.name.startswith("ld-linux") else "usr/lib/x86_64-linux-gnu"
            files[f"{folder}/{library.name}"] = library
        for name, file in files.items():
            _add(archive, name, file.read_bytes(), 0o755)
    return raw.getvalue()


def _libraries(program: Path) -> list[Path]:
    """Return the shared libraries of a program, loader included; none for a script or a static program."""
    try:
        listing = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False).stdout
    except FileNotFoundError as error:
        raise RunError("`ldd` is not installed", hint="apt-get install libc-bin") from error
    return [Path(match) for match in _LIBRARY.findall(listing)]


def _add(archive: tarfile.TarFile, name: str, content: bytes, mode: int) -> None:
    info = _info(name, tarfile.REGTYPE, mode)
    info.size = len(content)
    archive.addfile(info, io.BytesIO(content))


def _info(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.mtime = kind, mode, _TIMESTAMP
    return info


def _descriptor(media_type: str, content: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "size": len(content), "digest": _digest(content)}


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _json(document: object) -> bytes:
    return json.dumps(document, indent=2).encode()
