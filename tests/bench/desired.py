"""What a provisioned host is, as other tools can be told it: read from the receipts that the roles left.

So a deploy that takes its content from here has every file, package, unit and key that the roles answer for,
whatever they will answer for tomorrow.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.bench.fleet import Hosts

_RECEIPTS = "cat /var/lib/provision/receipts/*.json"


def read(hosts: Hosts) -> dict[str, Any]:
    """Return the desired state, from the first host."""
    name = hosts.names[0]
    receipts = list(parse(hosts.root(name, _RECEIPTS).decode()))
    found = desired(receipts)
    found["files"] = {
        path: {**about, "content": base64.b64encode(hosts.root(name, f"cat {path}")).decode()}
        for path, about in found["files"].items()
    }
    found["json_keys"] = {
        path: settings(json.loads(hosts.root(name, f"cat {path}")), keys)
        for path, keys in found["json_keys"].items()
    }
    return found


def parse(text: str) -> Iterator[dict[str, Any]]:
    """Read JSON documents that follow one another."""
    decoder = json.JSONDecoder()
    while text := text.strip():
        document, end = decoder.raw_decode(text)
        yield document
        text = text[end:]


def desired(receipts: list[dict[str, Any]]) -> dict[str, Any]:
    """Merge receipts: files, packages, units and so on, each under one key. Pure.

    A package that is held has its version named, as `name=version`; one that is absent is to be absent.
    """
    state = [receipt["state"] for receipt in receipts]
    packages = _merged(state, "packages")
    held = [name for name, package in packages.items() if package["held"]]
    modules = _merged([each.get("kernel_modules", {}) for each in state], "modules")
    documents: dict[str, list[list[str]]] = {}
    for receipt in receipts:
        if document := receipt["resources"].get("json_keys"):
            documents.setdefault(document["path"], []).extend(document["keys"])
    return {
        "files": {
            path: {key: about[key] for key in ("mode", "owner", "group")}
            for path, about in _merged(state, "files").items()
        },
        "absent": list(_merged(state, "absent")),
        "packages": [
            f"{name}={package['version']}" if name in held else name
            for name, package in packages.items()
            if package["version"]
        ],
        "holds": held,
        "packages_absent": [name for name, package in packages.items() if not package["version"]],
        "units": {name: unit["active"] == "active" for name, unit in _merged(state, "units").items()},
        "json_keys": documents,
        "groups": _merged(state, "groups"),
        "kernel_modules": {name: module["loaded"] for name, module in modules.items()},
        "kernel_modules_absent": ["nouveau"] if any("nouveau_absent" in each for each in state) else [],
        "cdi": sorted(_merged([each.get("cdi", {}) for each in state], "files")),
    }


def settings(document: Mapping[str, Any], keys: list[list[str]]) -> dict[str, Any]:
    """Return the part of a JSON document that has these keys and no other. Pure."""
    part: dict[str, Any] = {}
    for *parents, last in keys:
        source, target = document, part
        for parent in parents:
            source, target = source[parent], target.setdefault(parent, {})
        target[last] = source[last]
    return part


def _merged(state: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    return {name: value for each in state for name, value in each.get(kind, {}).items()}
