"""Values in JSON files of which others own the rest."""

from pathlib import Path
from typing import Any

import pytest

from provision.plugins.module_utils.host.machine import Machine
from provision.plugins.module_utils.receipts.kinds import json_keys
from tests.unit.plugins.module_utils.receipts.conftest import put


def test_only_the_named_keys_of_a_json_file_count(machine: Machine) -> None:
    wanted = {"path": "/etc/d.json", "keys": [["default-runtime"], ["runtimes", "nvidia"], ["none"]]}
    file = put(
        Path(machine.root), "/etc/d.json", '{"default-runtime": "nvidia", "runtimes": {"nvidia": {"a": 1}}}'
    )
    before = json_keys.measure(machine, wanted)
    file.write_text('{"x": 1, "runtimes": {"nvidia": {"a":1}, "y": {}},\n "default-runtime": "nvidia"}')
    assert json_keys.measure(machine, wanted) == before == json_keys.measure(machine, [wanted])
    file.write_text('{"default-runtime": "runc", "runtimes": {"nvidia": {"a": 1}}}')
    after = json_keys.measure(machine, wanted)["/etc/d.json"]["keys"]
    keys = before["/etc/d.json"]["keys"]
    assert after["default-runtime"] != keys["default-runtime"]
    assert after["runtimes.nvidia"] == keys["runtimes.nvidia"]
    assert after["none"] is None


@pytest.mark.parametrize(("text", "error"), [("{", "malformed"), (None, "missing")])
def test_a_json_file_that_cannot_be_read(machine: Machine, text: str | None, error: str) -> None:
    if text is not None:
        put(Path(machine.root), "/etc/d.json", text)
    assert json_keys.measure(machine, {"path": "/etc/d.json", "keys": [["a"]]}) == {
        "/etc/d.json": {"error": error}
    }


DAEMON = "/etc/docker/daemon.json"
KEYS = {"default-runtime": "11", "runtimes.nvidia": "22"}


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ({"keys": {**KEYS, "default-runtime": "99"}}, [f"{DAEMON} edited (default-runtime)"]),
        ({"keys": {**KEYS, "runtimes.nvidia": None}}, [f"{DAEMON} removed (runtimes.nvidia)"]),
        ({"keys": {**KEYS, "debug": "33"}}, [f"{DAEMON} added (debug)"]),
        ({"error": "missing"}, [f"{DAEMON} deleted"]),
        ({"error": "malformed"}, [f"{DAEMON} is not valid JSON"]),
        ({"keys": KEYS}, []),
    ],
)
def test_a_difference_is_told(now: dict[str, Any], told: list[str]) -> None:
    found = json_keys.compare({DAEMON: {"keys": KEYS}}, {DAEMON: now})
    assert list(found) == [(DAEMON, text) for text in told]
