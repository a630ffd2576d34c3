"""host_ask: the answer travels between its marks, compressed, and as one word."""

import base64
import json
import os
import zlib
from typing import Any

import pytest

from provision.plugins.module_utils.asking.answer import BEGIN, END
from provision.plugins.modules import host_ask

from .conftest import RunModule


def unpacked(result: dict[str, Any]) -> Any:  # noqa: ANN401 - as it is read back from JSON
    begin, packed, end = result["answer"].split(" ")
    assert (begin, end) == (BEGIN, END)
    return json.loads(zlib.decompress(base64.b64decode(packed)))


@pytest.mark.parametrize(("user", "answer"), [(0, {"seen": "ä"}), (1000, {"error": "not root"})])
def test_what_is_asked_is_measured_by_root_alone(
    run_module: RunModule, monkeypatch: pytest.MonkeyPatch, user: int, answer: dict[str, str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setitem(host_ask.ENTRIES, "asking.survey", lambda word: {"seen": word})
    result = run_module(host_ask, {"options": {"word": "ä"}})
    assert not result["changed"]
    assert unpacked(result) == answer
