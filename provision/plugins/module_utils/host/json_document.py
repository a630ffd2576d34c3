"""JSON text edited in place: every byte that an edit does not concern stays as it was.

`json` from the standard library forgets the spelling of numbers, the position of errors and all white
space, so a file that passes through it comes back changed. Here a document is its text plus the positions
of its values.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, Dict, List, NoReturn, Optional, Sequence, Tuple

_SPACE = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORDS = {"true": True, "false": False, "null": None}
_STRINGS = json.JSONDecoder()
_DEPTH = 64
_INDENT = "    "
Json = Any  # dict, list, str, bool, None, int, float or Decimal
_KINDS = {"{": "object", "[": "list", '"': "string"}


class JsonDocumentError(ValueError):
    """The text is not JSON, or a value is not what an edit needs; `line` and `column` count from 1."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


class Node:
    """A value and the half-open range `start`..`end` of the text that spells it.

    `kind` is `object`, `list`, `string`, `number`, `boolean` or `null`; `value` is None for objects and
    lists, whose content is in `members` or `items`.
    """

    def __init__(self, kind: str, start: int) -> None:
        self.kind = kind
        self.start = start
        self.end = start
        self.value: Json = None
        self.members: List[Member] = []
        self.items: List[Node] = []

    def member(self, key: str) -> Optional[Member]:
        """Return the member named `key` of an object."""
        return next((member for member in self.members if member.key == key), None)

    def plain(self) -> Json:
        """Return the value as dicts, lists and scalars; numbers as `Decimal`, so that none is rounded."""
        if self.kind == "object":
            return {member.key: member.node.plain() for member in self.members}
        if self.kind == "list":
            return [item.plain() for item in self.items]
        return self.value


class Member:
    """One `"key": value` of an object; `start`..`colon` spells the key."""

    def __init__(self, key: str, start: int, key_end: int, node: Node) -> None:
        self.key = key
        self.start = start
        self.key_end = key_end
        self.node = node


class Document:
    """An object in JSON text. Edits return a new document."""

    def __init__(self, text: str) -> None:
        """Read `text`; nothing but white space counts as an empty object.

        Raises JsonDocumentError where the text is not one JSON object, or an object holds a key twice.
        """
        self.text = text if text.strip(" \t\r\n") else "{}\n"
        self.root = _Reader(self.text).document()

    def find(self, path: Sequence[str]) -> Optional[Node]:
        """Return the value at `path`, or None where there is none."""
        node = self.root
        for key in path:
            member = node.member(key)
            if member is None:
                return None
            node = member.node
        return node

    def plain(self) -> Dict[str, Any]:
        """Return the whole document as Python values (see Node.plain)."""
        content: Dict[str, Any] = self.root.plain()
        return content

    def position(self, offset: int) -> Tuple[int, int]:
        """Return line and column, counted from 1, of a place in the text."""
        return _position(self.text, offset)

    def with_value(self, path: Sequence[str], value: Json) -> Document:
        """Return the document in which `path` holds `value`; objects on the way are created.

        An equal value stays as it is spelt. Raises JsonDocumentError where something on the way is no object.
        """
        node = self.root
        for depth, key in enumerate(path):
            if node.kind != "object":
                message = f"`{'.'.join(path[:depth])}` is {article(node.kind)}, not an object"
                raise JsonDocumentError(message, *self.position(node.start))
            member = node.member(key)
            if member is None:
                for missing in reversed(path[depth + 1 :]):
                    value = {missing: value}
                return Document(self._inserted(node, depth, key, value))
            node = member.node
        if same(node.plain(), value):
            return self
        return Document(self._spliced(node.start, node.end, self._spelled(value, len(path))))

    def without(self, path: Sequence[str]) -> Document:
        """Return the document without the member at `path`; one that is not there is no error."""
        parent = self.find(path[:-1])
        member = parent.member(path[-1]) if parent is not None else None
        if parent is None or member is None:
            return self
        index = parent.members.index(member)
        if len(parent.members) == 1:
            return Document(self._spliced(parent.start, parent.end, "{}"))
        if index == 0:
            return Document(self._spliced(member.start, parent.members[1].start, ""))
        return Document(self._spliced(parent.members[index - 1].node.end, member.node.end, ""))

    def _spliced(self, start: int, end: int, replacement: str) -> str:
        return self.text[:start] + replacement + self.text[end:]

    def _inserted(self, parent: Node, depth: int, key: str, value: Json) -> str:
        """Return the text with a new last member, set the way its neighbours are."""
        entry = json.dumps(key, ensure_ascii=False) + self._colon() + self._spelled(value, depth + 1)
        if parent.members:
            last = parent.members[-1]
            lead = self.text[parent.start + 1 : parent.members[0].start]
            if "\n" not in lead:
                lead = " " if self._colon().endswith(" ") else ""
            return self._spliced(last.node.end, last.node.end, "," + lead + entry)
        if self._inline():
            return self._spliced(parent.start, parent.end, "{" + entry + "}")
        newline, unit = self._newline(), self._unit()
        inner = newline + unit * (depth + 1) + entry + newline + unit * depth
        return self._spliced(parent.start, parent.end, "{" + inner + "}")

    def _spelled(self, value: Json, depth: int) -> str:
        """Return `value` as JSON for a place `depth` objects deep, in the document's own manner."""
        if self._inline():
            separators = (", ", ": ") if self._colon().endswith(" ") else (",", ":")
            return json.dumps(value, ensure_ascii=False, separators=separators)
        spelled = json.dumps(value, ensure_ascii=False, indent=self._unit(), separators=(",", self._colon()))
        return spelled.replace("\n", self._newline() + self._unit() * depth)

    def _colon(self) -> str:
        """Return what stands between a key and its value."""
        if not self.root.members:
            return ": "
        first = self.root.members[0]
        between = self.text[first.key_end : first.node.start]
        return between if "\n" not in between else ": "

    def _newline(self) -> str:
        return "\r\n" if "\r\n" in self.text else "\n"

    def _inline(self) -> bool:
        """Tell whether the document has members, all on one line."""
        return bool(self.root.members) and "\n" not in self.text[self.root.start : self.root.end]

    def _unit(self) -> str:
        """Return the indentation of the first member, else four spaces, as NVIDIA's own tool writes."""
        if not self.root.members:
            return _INDENT
        lead = self.text[self.root.start + 1 : self.root.members[0].start]
        return lead.rpartition("\n")[2] if "\n" in lead else _INDENT


def same(left: Json, right: Json) -> bool:
    """Tell whether two values are the same JSON: 1 is 1.0 and no boolean, order of keys is nothing."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(same(*pair) for pair in zip(left, right))
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, (int, float, Decimal)) and isinstance(right, (int, float, Decimal)):
        return _decimal(left) == _decimal(right)
    return type(left) is type(right) and bool(left == right)


def _decimal(number: Json) -> Decimal:
    # A float goes through its shortest spelling: Decimal(0.1) has 55 digits and equals no literal.
    return number if isinstance(number, Decimal) else Decimal(repr(number))


def _position(text: str, offset: int) -> Tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1


def article(kind: str) -> str:
    """Return the kind of a node for a sentence."""
    return {"object": "an object", "null": "`null`"}.get(kind, f"a {kind}")


class _Reader:
    """Reads one JSON document, strictly: RFC 8259 and no key twice."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.offset = 0
        self.depth = 0

    def document(self) -> Node:
        if self.text.startswith("\ufeff"):
            self.fail("the file begins with a byte order mark")
        self.space()
        node = self.value()
        if node.kind != "object":
            self.offset = node.start
            self.fail(f"the file holds {article(node.kind)} where an object is needed")
        self.space()
        if self.offset < len(self.text):
            self.fail(f"{self.found()} after the end of the object")
        return node

    def value(self) -> Node:
        start, first = self.offset, self.text[self.offset : self.offset + 1]
        node = Node(_KINDS.get(first, "number"), start)
        if first in ("{", "["):
            self.depth += 1
            if self.depth > _DEPTH:
                self.fail(f"values nested more than {_DEPTH} deep")
            self.offset += 1
            (self.members if first == "{" else self.items)(node)
            self.depth -= 1
        elif first == '"':
            node.value = self.string()
        else:
            self.scalar(node)
        node.end = self.offset
        return node

    def members(self, node: Node) -> None:
        self.space()
        while not self.accept("}"):
            if node.members:
                self.expect(",", "`,` or `}`")
            self.space()
            start = self.offset
            if self.text[start : start + 1] != '"':
                self.fail(f"{self.found()} where a key in double quotes is needed")
            key = self.string()
            if node.member(key):
                self.offset = start
                self.fail(f"key `{key}` appears twice")
            key_end = self.offset
            self.space()
            self.expect(":", "`:`")
            self.space()
            node.members.append(Member(key, start, key_end, self.value()))
            self.space()

    def items(self, node: Node) -> None:
        self.space()
        while not self.accept("]"):
            if node.items:
                self.expect(",", "`,` or `]`")
            self.space()
            node.items.append(self.value())
            self.space()

    def string(self) -> str:
        try:
            value, self.offset = _STRINGS.raw_decode(self.text, self.offset)
        except json.JSONDecodeError as error:
            self.offset = error.pos
            self.fail(f"broken string: {error.msg.lower()}")
        return str(value)

    def scalar(self, node: Node) -> None:
        for word, value in _WORDS.items():
            if self.text.startswith(word, self.offset):
                node.kind, node.value = ("null" if value is None else "boolean"), value
                self.offset += len(word)
                return
        number = _NUMBER.match(self.text, self.offset)
        if number is None:
            self.fail(f"{self.found()} where a value is needed")
        node.value = Decimal(number.group())
        self.offset = number.end()

    def space(self) -> None:
        match = _SPACE.match(self.text, self.offset)
        self.offset = match.end() if match else self.offset

    def accept(self, character: str) -> bool:
        if not self.text.startswith(character, self.offset):
            return False
        self.offset += 1
        return True

    def expect(self, character: str, wanted: str) -> None:
        if not self.accept(character):
            self.fail(f"{self.found()} where {wanted} is needed")

    def found(self) -> str:
        """Name what stands at the current place."""
        if self.offset >= len(self.text):
            return "the end of the file"
        if self.text.startswith(("//", "/*", "#"), self.offset):
            return "a comment"
        return f"`{self.text[self.offset]}`"

    def fail(self, message: str) -> NoReturn:
        raise JsonDocumentError(message, *_position(self.text, self.offset))
