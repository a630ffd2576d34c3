"""What a terminal would obey or an eye miss is written out."""

import json

import pytest

from provision.errors import ConnectError
from provision.runner.events import parse, subjects
from provision.visible import visible


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Grüße, 日本 [/x]", "Grüße, 日本 [/x]"),
        ("\x1b]2;PWNED\x1b\\\x1b[7m", r"\x1b]2;PWNED\x1b\\x1b[7m"),
        ("a\nb\tc\rd\x00\x7f\x9b", r"a\nb\tc\rd\x00\x7f\x9b"),
        ("\u202egpj\u200b\ufeff\u2066\u2028", r"\u202egpj\u200b\ufeff\u2066\u2028"),
        ("\ud800\u3164\ufe0f", r"\ud800\u3164\ufe0f"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text: str, seen: str) -> None:
    assert visible(text) == seen
    assert visible(seen) == seen
    visible(text).encode()


def test_what_is_kept_stays() -> None:
    assert visible("a\n\tb\x1b", keep="\n\t") == "a\n\tb\\x1b"


def test_an_error_is_one_line_whatever_a_host_said() -> None:
    error = ConnectError("sudo: \x1b[2J\nhint: all is well\u202e", hint="try\x07 it")
    assert error.message == r"sudo: \x1b[2J\nhint: all is well\u202e"
    assert error.hint == r"try\x07 it"


def test_events_carry_no_escapes() -> None:
    line = json.dumps(
        {
            "event": "failed",
            "host": "h1",
            "role": "docker_engine",
            "task": "t\x1b",
            "msg": "no\x1b[2J\u202e\ud800\nsecond",
            "hint": "look\nthere",
            "diff": [
                {"before_header": "/etc/a\x1b\nb", "before": "\x1b[7m\n", "after": {"\u200b": ["\x9b"]}}
            ],
        }
    )
    event = parse(line)
    assert (event.task, event.reason, event.hint) == (r"t\x1b", r"no\x1b[2J\u202e\ud800", r"look\nthere")
    assert subjects(event) == (r"/etc/a\x1b\nb",)
    assert event.diff[0]["before"] == "\\x1b[7m\n"
    assert event.diff[0]["after"] == {r"\u200b": [r"\x9b"]}
