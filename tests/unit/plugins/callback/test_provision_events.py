"""The callback that tells what happens on hosts."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.plugins.callback import CallbackBase

from provision.plugins.callback.provision_events import CallbackModule


def told(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    result: dict[str, Any],
    *,
    failed: bool = False,
    item: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the event of a task that changed something, or failed, in a loop with that item."""
    path = tmp_path / "events"
    callback = CallbackModule()
    monkeypatch.setattr(callback, "get_option", lambda _: str(path))
    monkeypatch.setattr(CallbackBase, "set_options", lambda *_, **__: None)
    callback.set_options()
    task = SimpleNamespace(no_log=False, name="Write", action="copy", get_name=lambda **_: "Write")
    host = SimpleNamespace(get_name=lambda: "h1")
    told_of = SimpleNamespace(is_changed=lambda: True, result=result, task=task, host=host)
    if item is not None:
        callback.v2_runner_item_on_failed(SimpleNamespace(result=item, host=host))
    (callback.v2_runner_on_failed if failed else callback.v2_runner_on_ok)(told_of)
    event: dict[str, Any] = json.loads(path.read_text())
    return event


def diff(name: str, text: str) -> dict[str, str]:
    return {"before_header": name, "after_header": name, "before": "", "after": text}


def test_a_diff_that_is_too_long_to_show_is_still_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    event = told(
        monkeypatch,
        tmp_path,
        {"changed": True, "diff": [diff("/etc/long", "x" * 70000), diff("/etc/short", "y")]},
    )
    assert event["diff"] == [
        {"before_header": "/etc/long", "after_header": "/etc/long"},
        diff("/etc/short", "y"),
    ]
    assert event["diffs_left_out"] == 1


@pytest.mark.parametrize(
    ("result", "event"),
    [
        ({"msg": "a reboot is needed", "hint": "allow it", "refused": True}, "refused"),
        ({"msg": "refused: said a program that failed"}, "failed"),
    ],
)
def test_a_refusal_is_known_by_its_value(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, result: dict[str, Any], event: str
) -> None:
    assert told(monkeypatch, tmp_path, result, failed=True)["event"] == event


def test_a_loop_refuses_with_its_first_failed_item(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    item = {"msg": "a reboot is needed", "hint": "allow it", "refused": True}
    result = {"msg": "One or more items failed", "results": []}
    event = told(monkeypatch, tmp_path, result, failed=True, item=item)
    assert (event["event"], event["msg"], event["hint"]) == ("refused", "a reboot is needed", "allow it")
