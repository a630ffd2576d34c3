"""What the roles that differ would change, in every detail: their own check mode, on just those hosts."""

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

from provision.errors import RunError
from provision.model.fleet import Fleet
from provision.model.plan import Plan
from provision.runner import Event, Playbook, Result
from provision.runner.events import Kind, subjects

RunPlaybook = Callable[..., Result]


@dataclass(frozen=True)
class Prediction:
    """One task that would change something on one host.

    `subjects` are what it changes, files and packages by name, or the task itself where it does not tell.
    `diff` is empty where it does not tell either.
    """

    host: str
    role: str
    task: str
    subjects: tuple[str, ...]
    diff: str


@dataclass(frozen=True)
class Trouble:
    """A host on which check mode stopped: what `up` would do behind this point is not known."""

    host: str
    message: str
    hint: str


@dataclass(frozen=True)
class Predictions:
    """Every change that check mode predicts, in the order in which the hosts came to it."""

    changes: tuple[Prediction, ...]
    troubles: tuple[Trouble, ...]


def predict(fleet: Fleet, plan: Plan, run_playbook: RunPlaybook) -> Predictions:
    """Run the roles that the plan selects in check mode and return what they predict.

    Raises RunError where the playbook could not run at all.
    """
    if not plan.selection:
        return Predictions((), ())
    events: list[Event] = []
    playbook = Playbook(
        "site",
        fleet.inventory,
        tuple(plan.selection),
        {"provision_selection": plan.selection},
        check=True,
        diff=True,
    )
    with tempfile.TemporaryDirectory(prefix="provision-plan-") as directory:
        result = run_playbook(playbook, Path(directory), on_event=events.append)
        if not any(event.kind is Kind.STATS for event in events):
            lines = result.log.read_text(errors="replace").strip().splitlines()
            raise RunError(f"check mode did not run: {lines[-1] if lines else 'no output'}")
    return collect(events)


def collect(events: list[Event]) -> Predictions:
    """Return the predictions in the events of a run in check mode."""
    changes = tuple(
        Prediction(event.host, event.role, event.task, subjects(event), render(event.diff))
        for event in events
        if event.kind is Kind.CHANGED and event.role is not None
    )
    ended = (Kind.FAILED, Kind.REFUSED, Kind.UNREACHABLE)
    troubles = tuple(
        Trouble(event.host, event.reason, event.hint)
        for event in events
        if event.kind in ended and not event.ignored
    )
    return Predictions(changes, troubles)


def render(diffs: tuple[Mapping[str, object], ...]) -> str:
    """Return Ansible's diffs of one task as one unified diff."""
    return "\n".join(text for diff in diffs if (text := "\n".join(_lines(diff)).rstrip()))


def _lines(diff: Mapping[str, object]) -> Iterator[str]:
    if diff.get("prepared"):
        yield str(diff["prepared"])
    if "before" not in diff and "after" not in diff:
        return
    before, after = _text(diff.get("before")), _text(diff.get("after"))
    headers = str(diff.get("before_header") or "before"), str(diff.get("after_header") or "after")
    yield from unified_diff(before, after, *headers, lineterm="")


def _text(value: object) -> list[str]:
    if value is None:
        return []
    text = (
        value if isinstance(value, str) else json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)
    )
    return text.splitlines()


def add(predictions: Predictions, document: Mapping[str, dict[str, object]]) -> None:
    """Add to each host of a plan's document its `changes`, `[role, subject]` each, and its `diff` by task."""
    for name, host in document.items():
        changes = [change for change in predictions.changes if change.host == name]
        host["changes"] = [[change.role, subject] for change in changes for subject in change.subjects]
        host["diff"] = [{"role": each.role, "task": each.task, "diff": each.diff} for each in changes]
        stopped = [trouble for trouble in predictions.troubles if trouble.host == name]
        if stopped:
            host["error"], host["hint"] = stopped[0].message, stopped[0].hint or None
