"""Kind `json_keys`: values in JSON files of which others own the rest.

Wanted: `{"path": ..., "keys": [[name, name below it, ...], ...]}`, or a list of such. State: `{path: {"keys": {dotted
name: digest, null where there is no such key}} or {"error": "missing" or "malformed"}}`.
"""

import hashlib
import json
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple, Union

from ...host.machine import Machine

_Wanted = Mapping[str, Any]


def measure(machine: Machine, wanted: Union[_Wanted, List[_Wanted]]) -> Dict[str, Any]:
    """Return the digests of the values, or what is wrong with the file."""
    entries = [wanted] if isinstance(wanted, Mapping) else wanted
    return {entry["path"]: _file(machine, entry["path"], entry["keys"]) for entry in entries}


def compare(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Tuple[str, str]]:
    """Compare key by key."""
    for path, old in sorted(before.items()):
        new = now.get(path, {"error": "missing"})
        if old == new:
            continue
        if "error" in new:
            word = "deleted" if new["error"] == "missing" else "is not valid JSON"
            yield path, "{} {}".format(path, word)
            continue
        keys = old.get("keys", {})
        for key in sorted(set(keys) | set(new["keys"])):
            then, current = keys.get(key), new["keys"].get(key)
            if then != current:
                word = "removed" if current is None else "added" if then is None else "edited"
                yield path, "{} {} ({})".format(path, word, key)


def _file(machine: Machine, path: str, keys: List[List[str]]) -> Dict[str, object]:
    text = machine.read(path)
    if text is None:
        return {"error": "missing"}
    try:
        document = json.loads(text)
    except ValueError:
        return {"error": "malformed"}
    return {"keys": {".".join(key): _digest(document, key) for key in keys}}


def _digest(document: object, key: List[str]) -> Optional[str]:
    for part in key:
        if not isinstance(document, dict) or part not in document:
            return None
        document = document[part]
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
