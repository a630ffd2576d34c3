"""What a merge comes to on a host, as a value."""

from typing import Any

import pytest

from provision.plugins.module_utils.containers.daemon_json_change import Found, decide
from provision.plugins.module_utils.containers.daemon_json_owners import Owners
from provision.plugins.module_utils.containers.docker_service import Note
from provision.plugins.module_utils.host.json_document import JsonDocumentError
from provision.plugins.module_utils.host.systemd import Unit

RUNS = Unit("docker.service", "loaded", "active", "enabled", "now", passing=False)
DOWN = RUNS._replace(active="inactive")
FOUND = Found('{"mtu": 9000}', None, (26, 1, 5), RUNS, None, [])
NOBODY = Owners({})
PENDING = Note("restart", ["log-driver"], "/backup/1", "now")


@pytest.mark.parametrize(
    ("found", "settings", "activation", "note"),
    [
        (FOUND, {"mtu": 9000}, "none", None),
        (FOUND, {"labels": ["a"]}, "reload", Note("reload", ["labels"], "", "now")),
        (FOUND, {"mtu": 1500}, "restart", Note("restart", ["mtu"], "", "now")),
        # A start loads the file: nobody has to remember it.
        (FOUND._replace(docker=DOWN), {"mtu": 1500}, "restart", None),
        # What was not loaded before still counts.
        (FOUND._replace(note=PENDING), {"mtu": 9000}, "restart", None),
        (
            FOUND._replace(note=PENDING),
            {"labels": ["a"]},
            "restart",
            Note("restart", ["labels", "log-driver"], "/backup/1", "now"),
        ),
        # The package that brings the programs left its note before.
        (FOUND._replace(missing=["hook"]), {"mtu": 9000}, "restart", None),
        (FOUND._replace(missing=["hook"], docker=DOWN), {"mtu": 9000}, "none", None),
    ],
)
def test_three_sources_make_one_activation(
    found: Found, settings: dict[str, Any], activation: str, note: Note | None
) -> None:
    change = decide(found, "toolkit", settings, NOBODY)
    assert (change.activation, change.note) == (activation, note)


@pytest.mark.parametrize(
    ("text", "saved", "settings", "written"),
    [
        (None, None, {}, None),
        (None, None, {"debug": True}, '{\n    "debug": true\n}\n'),
        ('{"mtu": 1}', '{"mtu": 2}', {}, None),
        (None, '{"mtu": 2}', {}, '{"mtu": 2}'),
    ],
)
def test_a_saved_copy_stands_in_for_a_file_that_is_gone(
    text: str | None, saved: str | None, settings: dict[str, Any], written: str | None
) -> None:
    change = decide(FOUND._replace(text=text, saved=saved), "toolkit", settings, NOBODY)
    assert (change.text if change.is_written else None) == written


def test_the_owner_has_its_keys_and_live_restore_that_goes_is_told() -> None:
    first = decide(FOUND, "engine", {"live-restore": True}, NOBODY)
    assert (first.keys, first.loses_live_restore) == ([("live-restore",)], False)
    second = decide(FOUND._replace(text=first.text), "engine", {}, first.owners)
    assert (second.text, second.is_semantic, second.loses_live_restore) == (FOUND.text, True, True)


def test_a_file_that_dockerd_could_not_read_is_an_error() -> None:
    with pytest.raises(JsonDocumentError):
        decide(FOUND._replace(text='{"runtimes": []}'), "engine", {}, NOBODY)
