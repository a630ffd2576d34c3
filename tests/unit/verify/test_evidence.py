"""Evidence that is not of the types that were asked for."""

import json
from typing import Any

import pytest

from provision.errors import ConnectError
from provision.verify.evidence import Evidence
from provision.verify.wanted import Wanted

_COMMAND = {"argv": ["dmesg"], "rc": None, "stdout": "", "stderr": ""}
_SEEN: dict[str, Any] = {
    "kernel": "6.12",
    "pci": [{"address": "0000:18:00.0", "id": "10de:2330", "class": "030200"}],
    "nvlink5": False,
    "files": {"/etc/a": "b"},
    "commands": {"dmesg": _COMMAND},
}


def test_evidence_of_the_right_types_is_read() -> None:
    seen = Evidence.of(json.loads(json.dumps(_SEEN)), Wanted())
    assert seen.gpus == ("0000:18:00.0",)
    assert seen.command("dmesg").argv == ("dmesg",)


@pytest.mark.parametrize(
    "spoilt",
    [
        {},
        {**_SEEN, "kernel": None},
        {**_SEEN, "pci": [{}]},
        {**_SEEN, "pci": [7]},
        {**_SEEN, "files": {"/etc/a": ["b"]}},
        {**_SEEN, "commands": {"dmesg": {**_COMMAND, "rc": "0"}}},
        {**_SEEN, "commands": {"dmesg": {**_COMMAND, "argv": "dmesg"}}},
    ],
)
def test_evidence_of_other_types_is_that_hosts_error(spoilt: dict[str, Any]) -> None:
    with pytest.raises(ConnectError, match="garbled"):
        Evidence.of(spoilt, Wanted())
