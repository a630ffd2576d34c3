"""Docker's daemon.json: merging, and what a running dockerd makes of a change."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provision.plugins.module_utils.containers.daemon_json import (
    activation,
    check_types,
    combined,
    leaves,
    merge,
    not_loaded,
    parse_version,
)
from provision.plugins.module_utils.host.json_document import Document, JsonDocumentError, same

NVIDIA = {
    "default-runtime": "nvidia",
    "features": {"cdi": True},
    "runtimes": {"nvidia": {"path": "nvidia-container-runtime"}},
}
FOREIGN = """{
  "log-opts": {"max-size": "10m", "max-file": "3"},
  "registry-mirrors": ["https://mirror.example"],
  "features": {"buildkit": true},
  "runtimes": {"crun": {"path": "/usr/bin/crun", "runtimeArgs": []}},
  "max-download-attempts": 5.0,
  "default-shm-size": 18446744073709551615
}
"""


def test_foreign_keys_stay_and_ours_come() -> None:
    merged = merge(Document(FOREIGN), NVIDIA, [], [])
    for line in FOREIGN.splitlines():
        if "features" not in line and "runtimes" not in line and "shm" not in line:
            assert line in merged.document.text.splitlines()
    assert '"default-shm-size": 18446744073709551615' in merged.document.text
    assert merged.document.plain()["features"] == {"buildkit": True, "cdi": True}
    assert set(merged.document.plain()["runtimes"]) == {"crun", "nvidia"}
    assert merged.paths == [("default-runtime",), ("features", "cdi"), ("runtimes", "nvidia", "path")]
    assert merged.parents == [("runtimes", "nvidia")]


def test_a_runtime_of_ours_keeps_its_foreign_arguments() -> None:
    text = '{"runtimes": {"nvidia": {"path": "/old/nvidia-container-runtime", "runtimeArgs": ["--debug"]}}}'
    runtime = merge(Document(text), NVIDIA, [], []).document.plain()["runtimes"]["nvidia"]
    assert runtime == {"path": "nvidia-container-runtime", "runtimeArgs": ["--debug"]}


def test_what_is_asked_for_no_longer_goes_with_the_objects_that_held_it() -> None:
    first = merge(Document(FOREIGN), NVIDIA, [], [])
    second = merge(first.document, {}, first.paths, first.parents)
    assert second.document.text == FOREIGN
    assert second.parents == []


def test_an_empty_foreign_object_stays() -> None:
    first = merge(Document('{"features": {}}'), {"features": {"cdi": True}}, [], [])
    assert merge(first.document, {}, first.paths, first.parents).document.text == '{"features": {}}'


def test_an_empty_object_asks_for_nothing() -> None:
    assert list(leaves({"runtimes": {}, "a": {"b": []}})) == [(("a", "b"), [])]


def test_combined_goes_deep() -> None:
    assert combined({"features": {"a": 1}, "x": 1}, {"features": {"b": 2}}) == {
        "features": {"a": 1, "b": 2},
        "x": 1,
    }


TYPES = {
    "runtimes a list": ('{\n  "runtimes": []\n}', 2, 15, "`runtimes` is a list"),
    "runtimes null": ('{"runtimes": null}', 1, 14, "`runtimes` is `null`"),
    "a runtime a string": ('{"runtimes": {\n "nvidia": "x"}}', 2, 12, "`runtimes.nvidia` is a string"),
    "a path a number": ('{"runtimes": {"n": {"path": 1}}}', 1, 29, "`runtimes.n.path` is a number"),
    "features a boolean": ('{"features": true}', 1, 14, "`features` is a boolean"),
    "log-opts a list": ('{"log-opts": []}', 1, 14, "`log-opts` is a list"),
    "default-runtime an object": ('{"default-runtime": {}}', 1, 21, "`default-runtime` is an object"),
}


@pytest.mark.parametrize(("text", "line", "column", "message"), TYPES.values(), ids=TYPES.keys())
def test_wrong_types_are_named_with_their_place(text: str, line: int, column: int, message: str) -> None:
    with pytest.raises(JsonDocumentError) as caught:
        check_types(Document(text))
    assert message in caught.value.message
    assert (caught.value.line, caught.value.column) == (line, column)


KEYS = st.sampled_from(["a", "b", "c", "features", "runtimes", "x-y"])
LEAVES = st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.integers(), max_size=2)
SETTINGS = st.dictionaries(KEYS, LEAVES | st.dictionaries(KEYS, LEAVES, max_size=3), max_size=4)


@given(SETTINGS, SETTINGS, SETTINGS)
def test_merging_is_idempotent_and_touches_nothing_foreign(
    foreign: dict[str, Any], first: dict[str, Any], second: dict[str, Any]
) -> None:
    start = Document(json.dumps(foreign, indent=2))
    try:
        one = merge(start, first, [], [])
        two = merge(one.document, second, one.paths, one.parents)
    except JsonDocumentError:
        return  # an object is asked for where something else is: refused, covered above
    again = merge(two.document, second, two.paths, two.parents)
    assert again.document.text == two.document.text
    assert again.paths == two.paths
    for path, value in leaves(second):
        node = two.document.find(path)
        assert node is not None
        assert same(node.plain(), value)
    ours = [path for settings in (first, second) for path, _ in leaves(settings)]
    for path, value in leaves(foreign):
        if not any(path[: len(other)] == other or other[: len(path)] == path for other in ours):
            node = two.document.find(path)
            assert node is not None
            assert same(node.plain(), value)


ACTIVATIONS: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[int, ...] | None, str]] = {
    "nothing": ({"a": 1}, {"a": 1}, None, "none"),
    "order and empty objects": ({"a": 1, "b": 2, "log-opts": {}}, {"b": 2, "a": 1}, None, "none"),
    "runtimes and default": ({}, {"runtimes": {"n": {}}, "default-runtime": "n"}, (20, 10), "reload"),
    "default-runtime changed": ({"default-runtime": "a"}, {"default-runtime": "b"}, None, "reload"),
    "default-runtime removed": ({"default-runtime": "nvidia"}, {}, None, "restart"),
    "runtimes removed": ({"runtimes": {"n": {}}}, {}, None, "restart"),
    "max-concurrent removed": ({"max-concurrent-uploads": 2}, {}, None, "reload"),
    "insecure registries": ({}, {"insecure-registries": ["x"]}, None, "reload"),
    "live-restore": ({}, {"live-restore": True}, None, "reload"),
    "log driver": ({}, {"log-driver": "journald"}, None, "restart"),
    "one reloads, one restarts": ({}, {"debug": True, "data-root": "/x"}, None, "restart"),
    "cdi before it was the default": ({}, {"features": {"cdi": True}}, (27, 5, 1), "restart"),
    "cdi since it is the default": ({}, {"features": {"cdi": True}}, (28, 2, 0), "none"),
    "cdi off since it is the default": ({}, {"features": {"cdi": False}}, (28, 2, 0), "restart"),
}


@pytest.mark.parametrize(
    ("before", "after", "version", "wanted"), ACTIVATIONS.values(), ids=ACTIVATIONS.keys()
)
def test_activation(
    before: dict[str, Any], after: dict[str, Any], version: tuple[int, ...] | None, wanted: str
) -> None:
    assert activation(before, after, version)[0] == wanted


def test_not_loaded_compares_what_dockerd_shows() -> None:
    content = {"default-runtime": "nvidia", "runtimes": {"nvidia": {"path": "x"}}, "live-restore": True}
    good = {"DefaultRuntime": "nvidia", "Runtimes": {"nvidia": {"path": "x"}}, "LiveRestoreEnabled": True}
    assert not_loaded(content, good) == []
    assert not_loaded(content, {**good, "DefaultRuntime": "runc"}) == ["default-runtime"]
    assert not_loaded(content, {**good, "Runtimes": {"runc": {}}}) == ["runtimes"]
    assert not_loaded(content, {**good, "Runtimes": {"nvidia": {"path": "y"}}}) == ["runtimes"]
    assert not_loaded(content, {**good, "LiveRestoreEnabled": False}) == ["live-restore"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Docker version 20.10.24+dfsg1, build 297e128", (20, 10, 24)),
        ("26.1.5+dfsg1-9+b7", (26, 1, 5)),
        ("5:27.5.1-1~debian.12~bookworm", (27, 5, 1)),
        ("", None),
    ],
)
def test_parse_version(text: str, wanted: tuple[int, ...] | None) -> None:
    assert parse_version(text) == wanted
