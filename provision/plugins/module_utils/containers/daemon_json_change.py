"""What an owner's settings come to on a host: decided from what was found there, before anything is written."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Tuple

from ..host.json_document import Document, Json
from ..host.systemd import Unit
from .daemon_json import RESTART, Path, activation, check_types, leaves, merge
from .daemon_json_owners import Owners
from .docker_service import Note, loses_live_restore


class Found(NamedTuple):
    """What a host has.

    `text` is daemon.json and `saved` the copy of one that a package may take along, None where there is no such
    file; `missing` are the programs that dockerd looks for only when it starts and that are not there.
    """

    text: Optional[str]
    saved: Optional[str]
    version: Optional[Tuple[int, ...]]
    docker: Unit
    note: Optional[Note]
    missing: List[str]


class Change(NamedTuple):
    """What is to be done: `text` goes into daemon.json where `is_written`.

    `activation` is what the running dockerd needs in the end, `note` what it has not loaded by then (the path of
    the former file comes when that was copied). `keys` are the owner's.
    """

    text: str
    is_written: bool
    is_semantic: bool
    keys: List[Path]
    activation: str
    loses_live_restore: bool
    note: Optional[Note]
    owners: Owners


def decide(found: Found, owner: str, settings: Dict[str, Json], owners: Owners) -> Change:
    """Return what has to be done for `owner` to have its `settings`.

    Raises JsonDocumentError where the file is none that dockerd could read.
    """
    base = found.saved if found.text is None else found.text
    before = Document(base or "")
    check_types(before)
    merged = merge(before, settings, owners.paths(owner), owners.parents(owner))
    text, after = merged.document.text, merged.document.plain()
    is_written = text != before.text or (found.text is None and base is not None)
    action, changed = activation(before.plain(), after, found.version)
    if found.missing and found.docker.runs:
        action = RESTART
    pending = Note(action, changed, "", found.docker.invocation).upon(found.note)
    return Change(
        text,
        is_written,
        is_semantic=bool(changed),
        keys=merged.paths,
        activation=pending.action,
        loses_live_restore=loses_live_restore(pending.keys, after),
        note=pending if is_written and found.docker.runs and pending.is_needed else None,
        owners=owners.with_owner(owner, dict(leaves(settings)), merged.parents),
    )
