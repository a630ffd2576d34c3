"""What went into a role, and how a change of it is told."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from provision.plugins.module_utils.receipts.inputs import (
    content_digest,
    content_of,
    differences,
    has_template,
    record,
    shown,
    spec_variables,
    with_files,
)
from provision.plugins.module_utils.receipts.reasons import Kind, Reason

SPECS = {"r_version": False, "r_url": False, "r_options": False, "r_password": False, "r_hidden": True}
VAULT = {"__ansible_vault": "$ANSIBLE_VAULT;1.1;AES256\n3636\n"}


def told(before: dict[str, Any], now: dict[str, Any], content: str = "c") -> list[str]:
    return [each.text for each in differences(record("salt", "c", SPECS, before), content, SPECS, now)]


CASES: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    ({"r_version": "580.95.05"}, {"r_version": "595.71.05"}, ["r_version 580.95.05 -> 595.71.05"]),
    ({}, {"r_version": "595.71.05"}, ["r_version set to 595.71.05"]),
    ({"r_version": "580"}, {}, ["r_version no longer set (was 580)"]),
    ({"r_version": True}, {"r_version": False}, ["r_version true -> false"]),
    ({"r_version": "580"}, {"r_version": 580}, ["r_version changed"]),
    ({"r_options": {"a": 1}}, {"r_options": {"a": 2}}, ["r_options changed"]),
    ({"r_options": {"a": 1, "b": 2}}, {"r_options": {"b": 2, "a": 1}}, []),
    ({"r_password": "x"}, {"r_password": "y"}, ["r_password changed"]),
    ({"r_hidden": "x"}, {"r_hidden": "y"}, ["r_hidden changed"]),
    ({}, {"r_hidden": "y"}, ["r_hidden set"]),
    ({"r_hidden": "x"}, {}, ["r_hidden no longer set"]),
    ({"r_version": VAULT}, {"r_version": VAULT}, []),
    ({"r_version": VAULT}, {"r_version": {"__ansible_vault": "other"}}, ["r_version changed"]),
    ({"foreign": 1}, {"foreign": 2}, []),
    ({"r_version": "1", "foreign": 1}, {"r_version": "1", "foreign": 2}, []),
    (
        {"r_url": "{{ foreign }}/x", "foreign": 1},
        {"r_url": "{{ foreign }}/x", "foreign": 2},
        ["a variable of the host changed, and `r_url` may refer to it"],
    ),
    (
        {"r_options": [{"a": "{{ foreign }}"}], "foreign": 1},
        {"r_options": [{"a": "{{ foreign }}"}]},
        ["a variable of the host changed, and `r_options` may refer to it"],
    ),
    ({"r_url": "{{ x }}", "ansible_forks": 5}, {"r_url": "{{ x }}", "ansible_forks": 9}, []),
    ({"r_url": "{{ x }}"}, {"r_url": "{{ x }}", "provision_selection": {"h": []}}, []),
    (
        {"r_url": "{{ x }}", "ansible_host": "192.0.2.1"},
        {"r_url": "{{ x }}", "ansible_host": "192.0.2.2"},
        ["a variable of the host changed, and `r_url` may refer to it"],
    ),
    ({"r_url": "{{ x }}"}, {"r_url": "plain"}, ["r_url changed"]),
]


@pytest.mark.parametrize(("before", "now", "expected"), CASES)
def test_a_change_is_told(before: dict[str, Any], now: dict[str, Any], expected: list[str]) -> None:
    assert told(before, now) == expected


def test_a_new_version_of_the_role_is_told() -> None:
    assert told({}, {}, content="d") == ["the role itself changed"]


def test_a_change_is_known_by_its_kind_and_its_variable() -> None:
    before = {"r_version": "580", "r_url": "{{ a }}", "r_options": ["{{ b }}"], "a": 1}
    recorded = record("salt", "c", SPECS, before)
    assert differences(recorded, "d", SPECS, {**before, "a": 2}) == [
        Reason(Kind.TEMPLATE, "r_options", "a variable of the host changed, and `r_options` may refer to it"),
        Reason(Kind.TEMPLATE, "r_url", "a variable of the host changed, and `r_url` may refer to it"),
        Reason(Kind.CONTENT, "", "the role itself changed"),
    ]
    assert differences(recorded, "c", SPECS, {**before, "r_version": "595"}) == [
        Reason(Kind.VARIABLE, "r_version", "r_version 580 -> 595")
    ]


def test_a_role_with_a_new_variable_is_told_without_failing() -> None:
    recorded = record("salt", "c", {"r_version": False, "r_old": False}, {"r_version": "1", "r_old": "2"})
    found = differences(recorded, "d", SPECS, {"r_version": "1", "r_url": "u"})
    assert [each.text for each in found] == [
        "r_old no longer set (was 2)",
        "r_url set to u",
        "the role itself changed",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("r_password", "hunter2"),
        ("r_repo_token", "hunter2"),
        ("r_registry_auth", "hunter2"),
        ("r_api_key", "hunter2"),
        ("r_url", "https://user:hunter2@mirror.example/"),
        ("r_url", "{{ hunter2 }}"),
        ("r_options", {"a": "hunter2"}),
        ("r_hidden", "hunter2"),
        ("r_url", "hunter2" * 20),
        ("r_url", "hunter2\nhunter2"),
        ("r_version", {"__ansible_vault": "hunter2"}),
    ],
)
def test_what_could_be_secret_is_not_written_readably(name: str, value: object) -> None:
    assert "hunter2" not in str(record("salt", "c", {**SPECS, name: name == "r_hidden"}, {name: value}))


def test_a_variable_of_a_vaulted_file_is_not_written_readably() -> None:
    recorded = record("salt", "c", SPECS, {"r_version": "hunter2"}, unreadable=frozenset({"r_version"}))
    assert "hunter2" not in str(recorded)
    assert differences(recorded, "c", SPECS, {"r_version": "hunter2"}) == []


def test_two_receipts_of_the_same_value_do_not_look_alike() -> None:
    one, other = (record(salt, "c", SPECS, {"r_password": "x"})["variables"] for salt in ("a", "b"))
    assert one != other


@pytest.mark.parametrize(
    ("value", "expected"),
    [("580", "580"), (580, "580"), (1.5, "1.5"), (True, "true"), (None, None), ([1], None)],
)
def test_short_plain_values_can_be_read(value: object, expected: str | None) -> None:
    assert shown("r_version", value, False) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("{{ a }}", True),
        ("{% if a %}", True),
        ("a", False),
        ({"{{ a }}": 1}, True),
        ([["{{ a }}"]], True),
        (VAULT, False),
    ],
)
def test_templates_are_found_at_any_depth(value: object, expected: bool) -> None:
    assert has_template(value) is expected


def test_the_variables_of_all_entry_points_count() -> None:
    specs = {
        "argument_specs": {
            "main": {"options": {"a": {"type": "str"}, "b": {"no_log": True}}},
            "other": {"options": {"c": None, "r_allow_reboot": {"type": "bool"}}},
            "empty": None,
        }
    }
    assert spec_variables(specs) == {"a": False, "b": True, "c": False}
    assert spec_variables({}) == {}


FILES = {
    "role/tasks/main.yml": "- gadget: {}\n- command: role_receipt\n",
    "role/README.md": "other",
    "plugins/modules/gadget.py": "import re\nfrom ..module_utils.parser import parse\n",
    "plugins/modules/other.py": "from ..module_utils.elsewhere import x\n",
    "plugins/action/gadget.py": "",
    "plugins/action/unused.py": "",
    "plugins/module_utils/parser.py": "from .lexer import (\n    a,\n    b,\n)\nfrom . import words, more\n",
    "plugins/module_utils/lexer.py": "",
    "plugins/module_utils/words.py": "from ..module_utils import far\n",
    "plugins/module_utils/more.py": "if True:\n    from .parser import parse\n",
    "plugins/module_utils/far.py": "",
    "plugins/module_utils/elsewhere.py": "",
    "plugins/callback/gadget.py": "",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def content(tree: Path) -> str:
    return content_digest(str(tree / "role"), str(tree / "plugins"))


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("role/tasks/main.yml", True),
        ("role/files/new", True),
        ("role/README.md", False),
        ("plugins/modules/gadget.py", True),
        ("plugins/action/gadget.py", True),
        ("plugins/module_utils/parser.py", True),
        ("plugins/module_utils/lexer.py", True),
        ("plugins/module_utils/words.py", True),
        ("plugins/module_utils/more.py", True),
        ("plugins/module_utils/far.py", True),
        ("plugins/modules/role_receipt.py", True),
        ("plugins/modules/other.py", False),
        ("plugins/action/unused.py", False),
        ("plugins/module_utils/elsewhere.py", False),
        ("plugins/callback/gadget.py", False),
        ("plugins/modules/__pycache__/gadget.cpython-311.pyc", False),
    ],
)
def test_what_the_role_runs_changes_the_digest_and_nothing_else(tree: Path, name: str, counts: bool) -> None:
    before = content(tree)
    path = tree / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(FILES.get(name, "") + "# changed\n")
    assert (content(tree) != before) is counts


def test_a_file_that_moves_changes_the_digest(tree: Path) -> None:
    before = content(tree)
    (tree / "role/tasks/main.yml").rename(tree / "role/tasks/other.yml")
    assert content(tree) != before


def with_content(values: dict[str, Any], folder: str) -> dict[str, Any]:
    return with_files(SPECS, values, partial(content_of, folder=folder))


def test_a_file_that_a_variable_names_counts_with_its_content(tmp_path: Path) -> None:
    key = tmp_path / "key.asc"
    key.write_text("old")
    values = {"r_url": str(key), "foreign": str(key), "r_version": "580", "r_options": {"a": str(key)}}
    before = with_content(values, "")
    assert {name for name in values if before[name] != values[name]} == {"r_url"}
    assert told(before, with_content(values, "")) == []
    key.write_text("new")
    assert told(before, with_content(values, "")) == ["r_url changed"]
    key.unlink()
    assert told(before, with_content(values, "")) == ["r_url changed"]


def test_a_file_in_the_home_folder_counts_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "key.asc").write_text("old")
    assert with_content({"r_url": "~/key.asc"}, "") != {"r_url": "~/key.asc"}


def test_a_relative_name_begins_at_the_inventory(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys/mirror.asc").write_text("old")
    values = {"r_url": "keys/mirror.asc"}
    before = with_content(values, str(tmp_path))
    (tmp_path / "keys/mirror.asc").write_text("new")
    assert told(before, with_content(values, str(tmp_path))) == ["r_url changed"]


@pytest.mark.parametrize("value", ["key.asc", "/no/such/file", "/", "-----BEGIN\n/etc/passwd", "", 5, None])
def test_what_names_no_file_stays_as_it_is(value: object) -> None:
    assert with_content({"r_url": value}, "") == {"r_url": value}
