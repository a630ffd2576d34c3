"""What happens on the hosts while a playbook runs: one line of the event callback is one Event."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from provision.errors import RunError
from provision.visible import visible


class Kind(StrEnum):
    """What an event tells about a task on a host; STATS comes once, at the end, about all hosts."""

    TASK = "task"
    OK = "ok"
    CHANGED = "changed"
    FAILED = "failed"
    REFUSED = "refused"
    SKIPPED = "skipped"
    UNREACHABLE = "unreachable"
    STATS = "stats"


@dataclass(frozen=True)
class Event:
    """One thing that happened; texts are empty where Ansible gave none.

    `ignored` is a failure that the playbook lets pass. `diff` holds Ansible's diffs: `before`, `after` and
    their headers. `stats` is only set on STATS: by host the counts `ok`, `changed`, `failures`,
    `unreachable`, `skipped`, `rescued` and `ignored`.
    """

    kind: Kind
    host: str = ""
    role: str | None = None
    task: str = ""
    message: str = ""
    hint: str = ""
    stderr: str = ""
    ignored: bool = False
    diff: tuple[Mapping[str, object], ...] = ()
    diffs_left_out: int = 0
    stats: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        """Return why the task failed, as one line."""
        lines = [line.strip() for line in self.message.splitlines() if line.strip()]
        reason = lines[0] if lines else f"task `{self.task}` failed and gave no reason"
        # What Ansible wraps was written for somebody who sees the name of the task above it.
        bare = _WRAPPERS.sub("", reason).rstrip(".: ")
        if bare in _SAYING_NOTHING:
            bare = _last_line(self.stderr) or bare
        if bare and (bare in _SAYING_NOTHING or bare != reason.rstrip(".: ")):
            reason = f"task `{self.task}`: {bare}"
        return reason.rstrip(".")


def subjects(event: Event) -> tuple[str, ...]:
    """Return what a task changed, in check mode as in a run: the headers of its diffs, or its name."""
    headers = [
        visible(str(diff.get("after_header") or diff.get("before_header") or "")) for diff in event.diff
    ]
    return tuple(dict.fromkeys(header for header in headers if header)) or (event.task,)


_WRAPPERS = re.compile("^(?:(?:Task|Module|Action) failed: ?)+")
_SAYING_NOTHING = frozenset({"non-zero return code", "MODULE FAILURE", "One or more items failed"})


def parse(line: str) -> Event:
    """Return the event of one line, its texts made visible. Raises RunError for a line that is none."""
    try:
        data = _seen(json.loads(line))
        kind = Kind(data["event"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise RunError(f"the run told something unintelligible: {line[:120]!r}") from error
    if kind is Kind.STATS:
        return Event(kind, stats=data["hosts"])
    return Event(
        kind,
        host=data["host"],
        role=data.get("role"),
        task=visible(data.get("task", "")),
        message=data.get("msg", ""),
        hint=visible(data.get("hint", "")),
        stderr=data.get("stderr", ""),
        ignored=data.get("ignored", False),
        diff=tuple(data.get("diff", ())),
        diffs_left_out=data.get("diffs_left_out", 0),
    )


def _seen(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a value of an event with every text in it made visible; lines and tabs of a file stay."""
    if isinstance(value, str):
        return visible(value, keep="\n\t")
    if isinstance(value, dict):
        return {_seen(key): _seen(item) for key, item in value.items()}
    return [_seen(item) for item in value] if isinstance(value, list) else value


def _last_line(text: str) -> str:
    lines: Iterable[str] = text.splitlines()
    return next((line.strip() for line in reversed(list(lines)) if line.strip()), "")
