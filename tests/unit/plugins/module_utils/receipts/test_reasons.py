"""Reasons as they travel."""

import json

import pytest

from provision.plugins.module_utils.receipts.reasons import Kind, Reason, as_json, from_json


@pytest.mark.parametrize("kind", list(Kind))
def test_a_reason_survives_the_journey(kind: Kind) -> None:
    reason = Reason(kind, "/etc/a", "/etc/a edited")
    assert from_json(json.loads(json.dumps(as_json(reason)))) == reason


@pytest.mark.parametrize("kind", ["a kind of tomorrow", "", None, 3, ["files"]])
def test_a_kind_that_nobody_knows_is_known_as_such(kind: object) -> None:
    assert from_json({"kind": kind, "subject": "s", "text": "t"}) == Reason(Kind.UNKNOWN, "s", "t")


def test_a_host_cannot_tell_more_than_is_bearable() -> None:
    found = from_json({"kind": "files", "subject": "s" * 9000, "text": ["t"] * 9000})
    assert len(found.subject) == len(found.text) == 500
