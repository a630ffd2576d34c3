"""Fill the folder that the lab's web server hands out: repositories, loose packages, registry."""

import fcntl
import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from provision.lab.packages import catalogue, compiled, contents, image, repository, signing

_HERE = Path(__file__).parent
_INGREDIENTS = (_HERE, _HERE.parent / "hardware")
_BUILDS = ".builds"


def build(www: Path, key_home: Path, kernel: str) -> None:
    """Make `www` hold the lab's signed repositories and registry, for hosts that run `kernel`.

    The signing key is kept in the GnuPG home `key_home`; its public part is exported as `repo-key.asc`
    beside `www`. Nothing happens when `www` already holds what the sources in this package and in
    `provision.lab.hardware` say. A build appears under its final name in one step, folder by folder: a client
    that is downloading sees the old repository or the new one.
    Raises RunError when a program that is needed is missing or fails.
    """
    www.mkdir(parents=True, exist_ok=True)
    with _alone(www):
        public_key = www.parent / "repo-key.asc"
        digest = _digest(kernel, public_key)
        if digest is not None and _is_published(www, digest):
            return
        key = signing.signing_key(key_home)
        try:
            public_key.write_bytes(key.public)
            digest = _digest(kernel, public_key) or ""
            with tempfile.TemporaryDirectory(prefix=".making-", dir=www) as making:
                made = Path(making) / "www"
                _make(made, Path(making) / "compiled", key, kernel)
                _publish(www, made, digest)
        finally:
            signing.stop_agent(key_home)


def _make(made: Path, scratch: Path, key: signing.SigningKey, kernel: str) -> None:
    everything = catalogue.read(kernel)
    binaries = compiled.compile_for(everything.packages, scratch)
    for published in everything.repositories:
        debs = [contents.package_file(package, binaries, kernel) for package in published.packages]
        for directory in published.directories:
            repository.write(made / directory, debs, origin=published.origin, label=published.label, key=key)
    loose = made / everything.loose_directory
    loose.mkdir()
    for package in everything.loose:
        deb = contents.package_file(package, binaries, kernel)
        (loose / deb.file_name).write_bytes(deb.content)
    image.write_registry(made / "v2")


def _digest(kernel: str, public_key: Path) -> str | None:
    """Return the digest of everything that goes in, None while there is no key."""
    if not public_key.is_file():
        return None
    state = hashlib.sha256(f"{kernel}\0".encode() + public_key.read_bytes())
    for root in _INGREDIENTS:
        for file in sorted(root.rglob("*")):
            if file.is_file() and file.suffix != ".pyc":
                state.update(f"{file.relative_to(root)}\0".encode() + file.read_bytes())
    for program in image.sources():
        state.update(f"{program}\0{program.stat().st_size}\0{program.stat().st_mtime_ns}\0".encode())
    return state.hexdigest()[:16]


def _is_published(www: Path, digest: str) -> bool:
    build = www / _BUILDS / digest
    return build.is_dir() and all(
        (www / entry.name).resolve() == entry.resolve() for entry in build.iterdir()
    )


def _publish(www: Path, made: Path, digest: str) -> None:
    """Point one symbolic link per top folder at the new build and drop the former ones."""
    builds = www / _BUILDS
    builds.mkdir(exist_ok=True)
    target = builds / digest
    shutil.rmtree(target, ignore_errors=True)
    made.rename(target)
    for entry in target.iterdir():
        link = www / f".new-{entry.name}"
        link.unlink(missing_ok=True)
        link.symlink_to(Path(_BUILDS, digest, entry.name))
        link.replace(www / entry.name)
    for former in builds.iterdir():
        if former.name != digest:
            shutil.rmtree(former)


@contextmanager
def _alone(www: Path) -> Iterator[None]:
    """Let one build at a time work on `www`."""
    with (www / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
