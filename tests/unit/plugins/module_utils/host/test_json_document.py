"""JSON edited in place."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provision.plugins.module_utils.host.json_document import Document, Json, JsonDocumentError, same

BAD = {
    "trailing comma": ('{\n  "a": 1,\n}', 3, 1, "where a key in double quotes is needed"),
    "comment": ('{\n  // ours\n  "a": 1}', 2, 3, "a comment"),
    "hash comment": ("# ours\n{}", 1, 1, "a comment"),
    "single quotes": ("{'a': 1}", 1, 2, "`'`"),
    "key without quotes": ("{a: 1}", 1, 2, "`a`"),
    "missing comma": ('{"a": 1\n "b": 2}', 2, 2, "`,` or `}`"),
    "missing colon": ('{"a" 1}', 1, 6, "`:`"),
    "duplicate key": ('{\n  "a": 1,\n  "a": 2\n}', 3, 3, "key `a` appears twice"),
    "duplicate key inside": ('{"log-opts": {"a": "1",\n "a": "2"}}', 2, 2, "key `a` appears twice"),
    "list": ("[]", 1, 1, "a list where an object is needed"),
    "null": ("null", 1, 1, "`null` where an object is needed"),
    "text after the object": ("{}\n{}", 2, 1, "after the end of the object"),
    "unfinished": ('{"a": [1', 1, 9, "the end of the file"),
    "leading zero": ('{"a": 01}', 1, 8, "`1`"),
    "not a number": ('{"a": NaN}', 1, 7, "`N`"),
    "broken string": ('{"a": "x\n"}', 1, 9, "broken string"),
    "byte order mark": ("\ufeff{}", 1, 1, "byte order mark"),
    "too deep": ('{"a": ' + "[" * 100 + "]" * 100 + "}", 1, 70, "nested"),
}


@pytest.mark.parametrize(("text", "line", "column", "message"), BAD.values(), ids=BAD.keys())
def test_refuses_with_the_place(text: str, line: int, column: int, message: str) -> None:
    with pytest.raises(JsonDocumentError) as caught:
        Document(text)
    assert message in caught.value.message
    assert (caught.value.line, caught.value.column) == (line, column)


@pytest.mark.parametrize("text", ["", " \n\t\n", "{}"])
def test_empty_text_is_an_empty_object(text: str) -> None:
    assert Document(text).plain() == {}


def test_new_members_are_set_like_their_neighbours() -> None:
    text = '{\n\t"debug": true,\n\t"features": {"buildkit": true}\n}\n'
    document = Document(text).with_value(["features", "cdi"], True).with_value(["runtimes", "x", "path"], "y")
    assert document.text == (
        '{\n\t"debug": true,\n\t"features": {"buildkit": true, "cdi": true},\n'
        '\t"runtimes": {\n\t\t"x": {\n\t\t\t"path": "y"\n\t\t}\n\t}\n}\n'
    )


def test_one_line_stays_one_line() -> None:
    assert Document('{"a":1}').with_value(["f", "c"], [1, 2]).text == '{"a":1,"f":{"c":[1,2]}}'


def test_line_ends_of_windows_stay() -> None:
    text = Document('{\r\n  "a": 1\r\n}\r\n').with_value(["b", "c"], 2).text
    assert text == '{\r\n  "a": 1,\r\n  "b": {\r\n    "c": 2\r\n  }\r\n}\r\n'


def test_new_file_ends_with_a_newline() -> None:
    assert Document("").with_value(["a"], True).text == '{\n    "a": true\n}\n'


def test_numbers_keep_their_spelling() -> None:
    text = '{"big": 123456789012345678901234567890, "one": 1.0, "e": 1E3}'
    document = Document(text).with_value(["one"], 1).with_value(["e"], 1000)
    assert document.text == text
    assert document.plain()["big"] == Decimal("123456789012345678901234567890")


@pytest.mark.parametrize(
    ("left", "right", "wanted"),
    [
        (1, Decimal("1.0"), True),
        (0.1, Decimal("0.1"), True),
        (True, 1, False),
        (None, False, False),
        ("1", 1, False),
        ([1, 2], [2, 1], False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": 1}, {"a": 1, "b": None}, False),
    ],
)
def test_same(left: Json, right: Json, wanted: bool) -> None:
    assert same(left, right) is wanted


def test_a_scalar_on_the_way_is_an_error_with_its_place() -> None:
    with pytest.raises(JsonDocumentError, match="`runtimes` is a list, not an object") as caught:
        Document('{\n "runtimes": []\n}').with_value(["runtimes", "nvidia"], {})
    assert (caught.value.line, caught.value.column) == (2, 14)


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        (["a"], '{ "b": {"c": 2, "d": 3}, "e": 4 }'),
        (["e"], '{ "a": 1, "b": {"c": 2, "d": 3} }'),
        (["b", "c"], '{ "a": 1, "b": {"d": 3}, "e": 4 }'),
        (["b"], '{ "a": 1, "e": 4 }'),
        (["b", "x"], '{ "a": 1, "b": {"c": 2, "d": 3}, "e": 4 }'),
        (["a", "x"], '{ "a": 1, "b": {"c": 2, "d": 3}, "e": 4 }'),
    ],
)
def test_members_go_without_a_trace(path: list[str], wanted: str) -> None:
    assert Document('{ "a": 1, "b": {"c": 2, "d": 3}, "e": 4 }').without(path).text == wanted


KEYS = st.text(min_size=1, max_size=6)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=5)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Draw an object in one of the spellings that people and programs use."""
    indent: Any = draw(st.sampled_from([None, 2, 4, "\t"]))
    separators = draw(st.sampled_from([(",", ":"), (", ", ": "), (",", " : ")]))
    ascii_only = draw(st.booleans())
    return json.dumps(draw(OBJECTS), indent=indent, separators=separators, ensure_ascii=ascii_only)


@given(texts())
def test_reads_what_the_standard_library_reads(text: str) -> None:
    assert same(Document(text).plain(), json.loads(text, parse_float=Decimal, parse_int=Decimal))


@given(texts(), KEYS, VALUES)
def test_a_set_value_is_there_and_all_else_stays_spelt_as_it_was(text: str, key: str, value: Json) -> None:
    before = Document(text)
    after = before.with_value([key], value)
    assert same(after.plain(), {**before.plain(), key: json.loads(json.dumps(value), parse_float=Decimal)})
    assert after.with_value([key], value) is after
    for member in before.root.members:
        if member.key != key:
            spelled = before.text[member.node.start : member.node.end]
            node = after.find([member.key])
            assert node is not None
            assert after.text[node.start : node.end] == spelled


@given(texts(), KEYS, VALUES)
def test_a_key_set_and_removed_leaves_the_same_content(text: str, key: str, value: Json) -> None:
    before = Document(text).without([key])
    assert same(before.with_value([key], value).without([key]).plain(), before.plain())
