"""What the roles that differ would change, in every detail: their own check mode, on just those hosts."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from difflib import unified_diff
from pathlib import Path

from provision.errors import RunError
from provision.model.plan import Plan, Prediction, Predictions, Trouble
from provision.runner import Event, Kind, Playbook, subjects
from provision.up.effects import Effects
from provision.up.survey import Survey


def predict(found: Survey, effects: Effects) -> Plan:
    """Run the roles that the plan selects in check mode and return the plan with what they predict.

    Raises RunError where the playbook could not run at all.
    """
    selection = found.plan.selection
    events = _rehearse(found, effects) if selection else []
    return replace(found.plan, predictions=collect(events))


def _rehearse(found: Survey, effects: Effects) -> list[Event]:
    selection = found.plan.selection
    events: list[Event] = []
    playbook = Playbook(
        "site",
        found.fleet.inventory,
        tuple(selection),
        {"provision_selection": selection},
        check=True,
        diff=True,
    )
    with tempfile.TemporaryDirectory(prefix="provision-plan-") as directory:
        result = effects.run_playbook(playbook, Path(directory), on_event=events.append)
        if not any(event.kind is Kind.STATS for event in events):
            lines = result.log.read_text(errors="replace").strip().splitlines()
            raise RunError(f"check mode did not run: {lines[-1] if lines else 'no output'}")
    return events


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
