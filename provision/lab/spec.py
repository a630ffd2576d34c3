"""What a lab consists of, as its YAML file says it. Pure values; nothing here starts anything."""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from provision.errors import UsageError

DEFAULT = Path(__file__).with_name("lab.yml")
"""The lab that `provision lab up` starts when no other file is named."""


@dataclass(frozen=True)
class Image:
    """A root file system: a Debian release and the packages that it is made of."""

    name: str
    suite: str
    components: tuple[str, ...]
    packages: tuple[str, ...]
    cgroup: int
    """1: systemd of this release also runs on cgroup v1; 2: it needs cgroup v2."""


@dataclass(frozen=True)
class Server:
    """One simulated server: what it is made of, and the state in which it is handed over."""

    name: str
    address: str
    image: Image
    groups: tuple[str, ...] = ()
    hardware: Mapping[str, object] = field(default_factory=dict)
    """As `provision.lab.hardware.Hardware.from_mapping` takes it."""
    packages: tuple[str, ...] = ()
    """Packages beyond the image's, by name."""
    debs: tuple[str, ...] = ()
    """Patterns of package files below the directory that the lab's web server serves."""
    files: Path | None = None
    """A tree laid over the server's root before it first starts."""
    keys: tuple[str, ...] = ()
    """Paths at which the server holds the public key of the lab's package repositories."""


@dataclass(frozen=True)
class Lab:
    """All servers of one file. Labs of different files share the network, the keys and the web server."""

    name: str
    source: Path
    servers: tuple[Server, ...]

    def select(self, names: Sequence[str]) -> tuple[Server, ...]:
        """Return the servers of those names, all of them if there are none. Raises UsageError."""
        known = {server.name: server for server in self.servers}
        for name in names:
            if name not in known:
                raise UsageError(
                    f"no server `{name}` in {self.source}", hint=f"it describes {', '.join(known)}"
                )
        return tuple(known[name] for name in names) if names else self.servers


def load(path: Path | None = None) -> Lab:
    """Read a lab file. Raises UsageError with the path and the key at fault."""
    source = path or DEFAULT
    try:
        document = yaml.safe_load(source.read_text())
    except OSError as error:
        raise UsageError(f"cannot read lab file {source}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise UsageError(f"{source} is not YAML: {' '.join(str(error).split())}") from error
    return parse(document, source)


def parse(document: object, source: Path) -> Lab:
    """Turn the parsed YAML of a lab file into a Lab; `files:` are relative to the file. Raises UsageError."""
    top = _Table(document, str(source), {"name", "images", "servers"})
    images = {
        name: _image(name, value, source)
        for name, value in _Table(top.need("images"), f"{source}: images").items()
    }
    servers = tuple(
        _server(name, value, images, source)
        for name, value in _Table(top.need("servers"), f"{source}: servers").items()
    )
    taken: dict[str, str] = {}
    for server in servers:
        if server.address in taken:
            raise UsageError(f"{source}: {server.name} and {taken[server.address]} share {server.address}")
        taken[server.address] = server.name
    return Lab(top.text("name"), source, servers)


class _Table:
    """A mapping of the file that refuses unknown keys and wrong types by name."""

    def __init__(self, value: object, where: str, allowed: set[str] | None = None) -> None:
        if not isinstance(value, dict):
            raise UsageError(f"{where} is not a table but `{value}`")
        self._value: dict[str, object] = {str(key): item for key, item in value.items()}
        self._where = where
        for key in self._value:
            if allowed is not None and key not in allowed:
                raise UsageError(f"{where}: unknown key `{key}`", hint=f"known: {', '.join(sorted(allowed))}")

    def items(self) -> list[tuple[str, object]]:
        return list(self._value.items())

    def need(self, key: str) -> object:
        if key not in self._value:
            raise UsageError(f"{self._where}: `{key}` is missing")
        return self._value[key]

    def get(self, key: str) -> object:
        return self._value.get(key)

    def text(self, key: str) -> str:
        value = self.need(key)
        if not isinstance(value, str):
            raise UsageError(f"{self._where}: `{key}` is not text but `{value}`")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self._value.get(key) or []
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise UsageError(f"{self._where}: `{key}` is not a list of text but `{value}`")
        return tuple(value)


def _image(name: str, value: object, source: Path) -> Image:
    where = f"{source}: images: {name}"
    table = _Table(value, where, {"suite", "components", "packages", "cgroup"})
    cgroup = table.get("cgroup") or 1
    if cgroup not in (1, 2):
        raise UsageError(f"{where}: `cgroup` is 1 or 2, not `{cgroup}`")
    assert isinstance(cgroup, int)
    return Image(
        name, table.text("suite"), table.texts("components") or ("main",), table.texts("packages"), cgroup
    )


def _server(name: str, value: object, images: Mapping[str, Image], source: Path) -> Server:
    where = f"{source}: servers: {name}"
    table = _Table(
        value, where, {"address", "image", "groups", "hardware", "packages", "debs", "files", "keys", "why"}
    )
    address = table.text("address")
    try:
        ipaddress.IPv4Address(address)
    except ValueError as error:
        raise UsageError(f"{where}: `address` is not an IPv4 address but `{address}`") from error
    image = table.text("image")
    if image not in images:
        raise UsageError(f"{where}: no image `{image}`", hint=f"known: {', '.join(images)}")
    files = source.parent / table.text("files") if table.get("files") else None
    if files and not files.is_dir():
        raise UsageError(f"{where}: no directory {files}")
    return Server(
        name=name,
        address=address,
        image=images[image],
        groups=table.texts("groups"),
        hardware=dict(_Table(table.get("hardware") or {}, f"{where}: hardware").items()),
        packages=table.texts("packages"),
        debs=table.texts("debs"),
        files=files,
        keys=table.texts("keys"),
    )
