"""Which role set which keys of daemon.json, so that a key nobody asks for any longer can go.

The record is written before the file is. Until dockerd runs with the new file, it keeps what its owners had set
before: whichever of the two files stays in the end, each of its keys has an owner who can take it out.
"""

from __future__ import annotations

import contextlib
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
    """The claims of all owners, and the `former` ones of those who set something else since dockerd's last start."""

    def __init__(self, claims: Mapping[str, Claim], former: Optional[Mapping[str, Claim]] = None) -> None:
        self.claims = claims
        self.former = former or {}

    def paths(self, owner: str) -> List[Path]:
        """Return the paths that `owner` set, now or formerly, and that are nobody else's."""
        shared = {path for name, claim in self.claims.items() if name != owner for path in claim.keys}
        return [path for path in self._all(owner).keys if path not in shared]

    def parents(self, owner: str) -> List[Path]:
        """Return the objects that were created for `owner`."""
        return self._all(owner).parents

    def rival(self, owner: str, path: Path, value: Json) -> Optional[str]:
        """Return who else set `path`, to another value."""
        wanted = digest(value)
        for name, claim in self.claims.items():
            if name != owner and claim.keys.get(path, wanted) != wanted:
                return name
        return None

    def with_owner(self, owner: str, settings: Mapping[Path, Json], parents: Sequence[Path]) -> Owners:
        """Return the record in which `owner` sets `settings`; an owner of nothing is left out."""
        claim = Claim({path: digest(value) for path, value in settings.items()}, list(parents))
        if claim == self.claims.get(owner, _NOTHING):
            return self
        return Owners(
            _present({**self.claims, owner: claim}), _present({**self.former, owner: self._all(owner)})
        )

    def settled(self) -> Owners:
        """Return the record for a dockerd that runs with the file as it is."""
        return Owners(self.claims)

    def _all(self, owner: str) -> Claim:
        now, former = self.claims.get(owner, _NOTHING), self.former.get(owner, _NOTHING)
        return Claim({**former.keys, **now.keys}, sorted({*former.parents, *now.parents}))


def _present(claims: Mapping[str, Claim]) -> Dict[str, Claim]:
    return {owner: claim for owner, claim in claims.items() if claim.keys}


def digest(value: Json) -> str:
    """Return a fingerprint of a JSON value in which the order of keys does not count."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def load_owners(folder: str) -> Owners:
    """Read the record; none is an empty one. Raises OwnersError."""
    path = os.path.join(folder, _FILE)
    try:
        with open(path, encoding="utf-8") as stream:
            content = json.load(stream)
        return Owners(_parse(content["owners"]), _parse(content.get("former", {})))
    except FileNotFoundError:
        return Owners({})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise OwnersError(f"`{path}` is damaged: {error!r}") from error


def settle_owners(folder: str) -> None:
    """Forget what owners set formerly: dockerd runs with the file as it is. Raises OSError.

    A damaged record is left for the next change of the file, which says what to do about it.
    """
    with contextlib.suppress(OwnersError):
        save_owners(folder, load_owners(folder).settled())


def save_owners(folder: str, owners: Owners) -> None:
    """Write the record where it differs from what is there. Raises OSError."""
    path = os.path.join(folder, _FILE)
    record: Dict[str, Json] = {"schema": 1, "owners": _plain(owners.claims)}
    if owners.former:
        record["former"] = _plain(owners.former)
    content = (json.dumps(record, indent=1, sort_keys=True) + "\n").encode()
    present = read_bytes(path)
    if present == content or (present is None and not owners.claims):
        return
    os.makedirs(folder, mode=0o700, exist_ok=True)
    put(path, content, mode=0o600)


def _plain(claims: Mapping[str, Claim]) -> Dict[str, Json]:
    return {
        owner: {
            "keys": [{"path": path, "sha256": value} for path, value in sorted(claim.keys.items())],
            "parents": sorted(claim.parents),
        }
        for owner, claim in claims.items()
    }


def _parse(claims: Mapping[str, Json]) -> Dict[str, Claim]:
    return {
        owner: Claim(
            {tuple(entry["path"]): entry["sha256"] for entry in claim["keys"]},
            [tuple(parent) for parent in claim["parents"]],
        )
        for owner, claim in claims.items()
    }
