"""Which role set which keys of daemon.json, so that a key nobody asks for any longer can go."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..host.files import put, read_bytes
from ..host.json_document import Json

Path = Tuple[str, ...]
_FILE = "daemon-json-owners.json"


class OwnersError(Exception):
    """The record is not what was written."""


class Claim(NamedTuple):
    """What one owner set: digests of the values by path (never the values, which may be secret).

    `parents` are the objects that were created to hold them.
    """

    keys: Dict[Path, str]
    parents: List[Path]


_NOTHING = Claim({}, [])


class Owners:
    """The claims of all owners."""

    def __init__(self, claims: Mapping[str, Claim]) -> None:
        self.claims = claims

    def paths(self, owner: str) -> List[Path]:
        """Return the paths that `owner` set and nobody else did."""
        shared = {path for name, claim in self.claims.items() if name != owner for path in claim.keys}
        return [path for path in self.claims.get(owner, _NOTHING).keys if path not in shared]

    def parents(self, owner: str) -> List[Path]:
        """Return the objects that were created for `owner`."""
        return list(self.claims.get(owner, _NOTHING).parents)

    def rival(self, owner: str, path: Path, value: Json) -> Optional[str]:
        """Return who else set `path`, to another value."""
        wanted = digest(value)
        for name, claim in self.claims.items():
            if name != owner and claim.keys.get(path, wanted) != wanted:
                return name
        return None

    def with_owner(self, owner: str, settings: Mapping[Path, Json], parents: Sequence[Path]) -> Owners:
        """Return the record after `owner` set `settings`; an owner of nothing is left out."""
        claims = {name: claim for name, claim in self.claims.items() if name != owner}
        if settings:
            claims[owner] = Claim({path: digest(value) for path, value in settings.items()}, list(parents))
        return Owners(claims)


def digest(value: Json) -> str:
    """Return a fingerprint of a JSON value in which the order of keys does not count."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def load_owners(folder: str) -> Owners:
    """Read the record; none is an empty one. Raises OwnersError."""
    path = os.path.join(folder, _FILE)
    try:
        with open(path, encoding="utf-8") as stream:
            content = json.load(stream)
        return Owners({owner: _parse(claim) for owner, claim in content["owners"].items()})
    except FileNotFoundError:
        return Owners({})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise OwnersError(f"`{path}` is damaged: {error!r}") from error


def save_owners(folder: str, owners: Owners) -> None:
    """Write the record where it differs from what is there. Raises OSError."""
    path = os.path.join(folder, _FILE)
    content = (json.dumps({"schema": 1, "owners": _plain(owners)}, indent=1, sort_keys=True) + "\n").encode()
    former = read_bytes(path)
    if former == content or (former is None and not owners.claims):
        return
    os.makedirs(folder, mode=0o700, exist_ok=True)
    put(path, content, mode=0o600)


def _plain(owners: Owners) -> Dict[str, Json]:
    return {
        owner: {
            "keys": [{"path": path, "sha256": value} for path, value in sorted(claim.keys.items())],
            "parents": sorted(claim.parents),
        }
        for owner, claim in owners.claims.items()
    }


def _parse(claim: Mapping[str, Json]) -> Claim:
    keys = {tuple(entry["path"]): entry["sha256"] for entry in claim["keys"]}
    return Claim(keys, [tuple(parent) for parent in claim["parents"]])
