"""The double of `nvidia-ctk runtime configure` harms a daemon.json in the ways that the real one does."""

import json

import pytest

from provision.lab.packages.doubles.container_toolkit import daemon_json


def _updated(text: str | None, *, set_as_default: bool = False, cdi: bool = False) -> str:
    return daemon_json.updated(
        text, runtime="nvidia", path="nvidia-container-runtime", set_as_default=set_as_default, cdi=cdi
    )


@pytest.mark.parametrize("text", [None, "{}"])
def test_a_new_file_has_the_real_layout(text: str | None) -> None:
    assert _updated(text, set_as_default=True, cdi=True) == (
        "{\n"
        '    "default-runtime": "nvidia",\n'
        '    "features": {\n'
        '        "cdi": true\n'
        "    },\n"
        '    "runtimes": {\n'
        '        "nvidia": {\n'
        '            "args": [],\n'
        '            "path": "nvidia-container-runtime"\n'
        "        }\n"
        "    }\n"
        "}"
    )


def test_features_are_replaced_as_a_whole() -> None:
    assert json.loads(_updated('{"features": {"buildkit": true}}', cdi=True))["features"] == {"cdi": True}


def test_an_existing_nvidia_runtime_loses_its_options() -> None:
    before = '{"runtimes": {"nvidia": {"path": "/x", "options": {"a": 1}}, "kata": {"path": "/k"}}}'
    assert json.loads(_updated(before))["runtimes"] == {
        "nvidia": {"args": [], "path": "nvidia-container-runtime"},
        "kata": {"path": "/k"},
    }


def test_an_existing_default_runtime_stays_unless_asked_for() -> None:
    assert json.loads(_updated('{"default-runtime": "kata"}'))["default-runtime"] == "kata"


@pytest.mark.parametrize(
    ("number", "written"),
    [
        ("9007199254740993", "9007199254740992"),
        ("12345678901234567890", "12345678901234567000"),
        ("1.0", "1"),
        ("0.25", "0.25"),
        ("-7", "-7"),
        ("1e21", "1e+21"),
        ("1.5e-7", "1.5e-7"),
        ("0.000001", "0.000001"),
    ],
)
def test_numbers_pass_through_floating_point(number: str, written: str) -> None:
    assert f'"a": {written},\n' in _updated(f'{{"a": {number}}}')


def test_html_characters_are_escaped() -> None:
    assert r'"a": "\u003cb\u003e \u0026 ü"' in _updated('{"a": "<b> & ü"}')


def test_text_after_the_first_value_is_dropped() -> None:
    assert "left" not in _updated('{"a": 1} left over')


@pytest.mark.parametrize(
    "text", ["", " \n", "{,}", '{"a": 1,}', "// c\n{}", "\ufeff{}", "[]", '"x"', '{"a": NaN}']
)
def test_unreadable_files_are_refused(text: str) -> None:
    with pytest.raises(daemon_json.ConfigError):
        _updated(text)


@pytest.mark.parametrize("text", ["null", '{"runtimes": []}', '{"runtimes": "x"}'])
def test_some_files_crash_the_real_program(text: str) -> None:
    with pytest.raises(daemon_json.GoPanic):
        _updated(text)
