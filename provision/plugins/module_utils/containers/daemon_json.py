"""Docker's daemon.json: which keys belong to whom, and what a running dockerd makes of a change.

What SIGHUP reloads, and that it keeps the old value of a key that is gone, is read from moby's
daemon/reload.go and daemon/reload_unix.go (20.10 to 28).
"""

from __future__ import annotations

import re
from typing import Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..host.json_document import Document, Json, JsonDocumentError, article, same

Path = Tuple[str, ...]

NONE, RELOAD, RESTART = "none", "reload", "restart"
_ORDER = (NONE, RELOAD, RESTART)

# A reload takes these over when the file holds them …
_RELOADED = frozenset(
    (
        "debug",
        "default-ipc-mode",
        "default-runtime",
        "default-shm-size",
        "insecure-registries",
        "labels",
        "live-restore",
        "max-concurrent-downloads",
        "max-concurrent-uploads",
        "max-download-attempts",
        "registry-mirrors",
        "runtimes",
        "shutdown-timeout",
    )
)
# … and only these fall back to their default when the file holds them no longer.
_RESET = frozenset(("max-concurrent-downloads", "max-concurrent-uploads", "max-download-attempts"))

# Since which engine a key that is not in the file has which meaning (Docker 28.2 turned CDI on by default).
_IMPLIED: Tuple[Tuple[Path, Tuple[int, ...], Json], ...] = ((("features", "cdi"), (28, 2), True),)

_OBJECTS = ("features", "runtimes", "log-opts", "default-ulimits", "default-network-opts", "builder")


class Merge(NamedTuple):
    """A document after an owner's settings went in.

    `paths` are the leaves that now belong to the owner, `parents` the objects that were created to hold them.
    """

    document: Document
    paths: List[Path]
    parents: List[Path]


def leaves(settings: Mapping[str, Json]) -> Iterable[Tuple[Path, Json]]:
    """Yield every path of nested settings with its value; a list is a value, an empty object nothing."""
    for key, value in settings.items():
        if isinstance(value, dict):
            for path, leaf in leaves(value):
                yield (key, *path), leaf
        else:
            yield (key,), value


def combined(settings: Mapping[str, Json], extra: Mapping[str, Json]) -> Dict[str, Json]:
    """Return nested settings with others put over them."""
    result = dict(settings)
    for key, value in extra.items():
        old = result.get(key)
        result[key] = combined(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result


def merge(
    document: Document, settings: Mapping[str, Json], owned: Sequence[Path], parents: Sequence[Path]
) -> Merge:
    """Put `settings` in, and take out what the owner put in before (`owned`) and asks for no longer.

    `parents` are objects that earlier merges created: they go when they are empty. Raises JsonDocumentError
    where the document holds something else than an object on the way to a setting.
    """
    wanted = dict(leaves(settings))
    created = [tuple(parent) for parent in parents]
    for path in owned:
        # A path that leads to, or through, something wanted is not left over.
        if not any(path[: len(other)] == other or other[: len(path)] == path for other in wanted):
            document = document.without(path)
    for path, value in wanted.items():
        for depth in range(1, len(path)):
            if document.find(path[:depth]) is None and path[:depth] not in created:
                created.append(path[:depth])
        document = document.with_value(path, value)
    for parent in sorted(created, key=len, reverse=True):
        node = document.find(parent)
        if node is not None and node.kind == "object" and not node.members:
            document = document.without(parent)
    kept = [parent for parent in created if document.find(parent) is not None]
    return Merge(document, sorted(wanted), sorted(kept))


def check_types(document: Document) -> None:
    """Raise JsonDocumentError where a key that dockerd reads as an object of objects is something else."""
    for key in _OBJECTS:
        _require(document, (key,), "object")
    runtimes = document.find(("runtimes",))
    for member in runtimes.members if runtimes is not None else []:
        _require(document, ("runtimes", member.key), "object")
        _require(document, ("runtimes", member.key, "path"), "string")
    _require(document, ("default-runtime",), "string")


def _require(document: Document, path: Path, kind: str) -> None:
    node = document.find(path)
    if node is not None and node.kind != kind:
        message = f"`{'.'.join(path)}` is {article(node.kind)}, dockerd needs {article(kind)}"
        raise JsonDocumentError(message, *document.position(node.start))


def parse_version(text: str) -> Optional[Tuple[int, ...]]:
    """Return the version as numbers from `26.1.5+dfsg1` or `Docker version 20.10.24+dfsg1, build …`."""
    match = re.search(r"([0-9]+)\.([0-9]+)(?:\.([0-9]+))?", text)
    return tuple(int(part) for part in match.groups(default="0")) if match else None


def activation(
    before: Mapping[str, Json], after: Mapping[str, Json], version: Optional[Tuple[int, ...]] = None
) -> Tuple[str, List[str]]:
    """Return what a running dockerd needs to take a change over, and the keys that say so.

    The answer is `none`, `reload` (SIGHUP, containers notice nothing) or `restart`.
    """
    old, new = _with_implied(before, version), _with_implied(after, version)
    changed = [
        key
        for key in sorted({*old, *new})
        if key not in old or key not in new or not same(old[key], new[key])
    ]
    return strongest(_needs(key, new) for key in changed), changed


def strongest(actions: Iterable[str]) -> str:
    """Return the action that includes all others."""
    return max(actions, key=_ORDER.index, default=NONE)


def _needs(key: str, after: Mapping[str, Json]) -> str:
    if key in _RESET or (key in _RELOADED and key in after):
        return RELOAD
    return RESTART


def _with_implied(content: Mapping[str, Json], version: Optional[Tuple[int, ...]]) -> Dict[str, Json]:
    """Return the content with the meaning of absent keys written out, and without empty objects."""
    full = dict(content)
    for (parent, key), since, value in _IMPLIED:
        if version is not None and version >= since and isinstance(full.get(parent, {}), dict):
            full[parent] = {key: value, **full.get(parent, {})}
    return {key: value for key, value in full.items() if value != {}}


def not_loaded(content: Mapping[str, Json], info: Mapping[str, Json]) -> List[str]:
    """Return the keys of daemon.json that the running dockerd shows (GET /info) to have another value."""
    missing = []
    default = content.get("default-runtime")
    if default is not None and info.get("DefaultRuntime") != default:
        missing.append("default-runtime")
    runtimes, known = content.get("runtimes") or {}, info.get("Runtimes") or {}
    if any(name not in known or _other_path(entry, known[name]) for name, entry in runtimes.items()):
        missing.append("runtimes")
    for key, shown in (("live-restore", "LiveRestoreEnabled"), ("debug", "Debug")):
        if key in content and shown in info and content[key] is not info[shown]:
            missing.append(key)
    return missing


def _other_path(entry: Mapping[str, Json], known: Mapping[str, Json]) -> bool:
    # dockerd shows the path of a runtime, but not of one that is declared by its shim (`runtimeType`).
    return bool(entry.get("path") and known.get("path") and entry["path"] != known["path"])
