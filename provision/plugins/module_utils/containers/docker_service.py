"""The note that says what the running dockerd has not loaded yet, and whom a restart of dockerd would stop.

The note is written before daemon.json is replaced and removed once dockerd has taken the change over. A run
that is killed in between leaves it, so that the next run finishes the work. It names the invocation of
dockerd that it concerns: a dockerd that was started since, and runs, has read the file as it is.
"""

from __future__ import annotations

import contextlib
import os
from typing import Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..host import files
from ..host.json_document import Json
from ..host.systemd import Unit
from .daemon_json import NONE, strongest
from .engine import Container, describe, get, running_containers

UNIT = "docker.service"
STATE = "/var/lib/provision/docker"


class Note(NamedTuple):
    """What dockerd has to do to load daemon.json, for which keys, and the former file ('' for none)."""

    action: str
    keys: List[str]
    backup: str
    invocation: str

    @property
    def is_needed(self) -> bool:
        """Tell whether dockerd has anything to do."""
        return self.action != NONE

    def upon(self, former: Optional[Note]) -> Note:
        """Return this note with what a former one still asks for; the file to go back to is the former one's."""
        if former is None:
            return self
        action, keys = strongest([self.action, former.action]), sorted({*self.keys, *former.keys})
        return Note(action, keys, former.backup, self.invocation)


def read_note(docker: Unit, folder: str = STATE) -> Optional[Note]:
    """Return the note on dockerd as it is now; a broken one counts as none.

    A dockerd that does not run may have ended over the very file that the note is about.
    """
    try:
        note = Note(**files.read_note(_note_path(folder)))
    except TypeError:
        return None
    return note if not docker.runs or note.invocation == docker.invocation else None


def write_note(note: Note, folder: str = STATE) -> None:
    """Leave the note. Raises OSError."""
    os.makedirs(folder, mode=0o700, exist_ok=True)
    files.write_note(_note_path(folder), note._asdict())


def remove_note(folder: str = STATE) -> None:
    """Remove the note, if there is one."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(_note_path(folder))


def _note_path(folder: str) -> str:
    return os.path.join(folder, "pending.json")


def restart_victims(live_restore_goes: bool = False) -> List[Container]:
    """Return the running containers that a restart of dockerd would stop: none under live-restore.

    dockerd stops what it finds running when it comes up without live-restore, so an engine that loses it with
    this restart protects nobody. Raises DockerApiError where the engine does not answer.
    """
    if get("/info").get("LiveRestoreEnabled") and not live_restore_goes:
        return []
    return running_containers()


def loses_live_restore(changed: Iterable[str], content: Mapping[str, Json]) -> bool:
    """Tell whether live-restore is among the changed keys, and off in the content to be loaded."""
    return "live-restore" in changed and content.get("live-restore") is not True


def refusal(victims: Sequence[Container], consent: str) -> Tuple[str, str]:
    """Return message and hint for a restart that nobody consented to."""
    number = f"{len(victims)} running container" + ("s" if len(victims) > 1 else "")
    return (
        f"restarting Docker would stop {number}: {describe(victims)}",
        f"stop them, or set `{consent}: true`, or enable Docker's live-restore",
    )
