"""A survey as values."""

from typing import Any

import pytest

from provision.errors import ConnectError
from provision.model.observed import Driver, Gpu, ReceiptState, Workload
from provision.plugins.module_utils.mig.snapshot import Snapshot, as_json
from provision.plugins.module_utils.receipts.reasons import Kind, Reason
from provision.probe.answer import observed
from tests.unit.connect.ssh_server import ANSWER

INPUTS = {
    "salt": "s",
    "content": "x",
    "variables": {"v": {"digest": "d", "shown": "580"}},
    "everything": None,
}
EDITED = {"kind": "files", "subject": "/etc/a", "text": "/etc/a edited"}


def test_a_survey_becomes_values() -> None:
    found = observed(
        {
            **ANSWER,
            "gpus": [
                {
                    "pci": "0000:18:00.0",
                    "id": "10de:2330",
                    "name": "H100",
                    "uuid": "GPU-1",
                    "mig": ["1g.10gb"],
                }
            ],
            "driver": {"loaded": "580.95.05", "installed": "580.95.05"},
            "workloads": [{"kind": "container", "subject": "train"}],
            "receipts": {"nvidia_driver": {"inputs": INPUTS, "differences": [EDITED]}},
        }
    )
    assert found.os == "Debian 13"
    assert found.gpus == (Gpu("0000:18:00.0", "10de:2330", name="H100", uuid="GPU-1", mig=("1g.10gb",)),)
    assert found.driver == Driver("580.95.05", "580.95.05")
    assert found.workloads == (Workload("container", "train"),)
    assert found.receipts == {
        "nvidia_driver": ReceiptState(INPUTS, (Reason(Kind.FILES, "/etc/a", "/etc/a edited"),))
    }
    assert found.partitions is None


def test_a_survey_of_another_version_is_refused() -> None:
    with pytest.raises(ConnectError, match="schema 2, not 1"):
        observed({**ANSWER, "schema": 2})


def differences(*found: dict[str, Any]) -> tuple[Reason, ...]:
    receipt = {"inputs": INPUTS, "differences": list(found)}
    return observed({**ANSWER, "receipts": {"r": receipt}}).receipts["r"].differences


@pytest.mark.parametrize("kind", ["a kind of tomorrow", None, 7])
def test_a_kind_that_is_not_known_here_is_no_harmless_one(kind: object) -> None:
    assert differences({**EDITED, "kind": kind})[0].kind is Kind.UNKNOWN


def test_more_than_is_bearable_is_counted_and_not_forgotten() -> None:
    found = differences(*[EDITED] * 1007)
    assert len(found) == 1001
    assert found[-1] == Reason(Kind.UNKNOWN, "", "and 7 more")


def test_the_snapshot_of_a_host_with_a_layout_becomes_values() -> None:
    assert observed({**ANSWER, "partitions": as_json(Snapshot(()))}).partitions == Snapshot(())


def test_a_snapshot_of_another_shape_is_that_hosts_error() -> None:
    spoilt = {**as_json(Snapshot(())), "driver": "yes"}
    with pytest.raises(ConnectError, match=r"answer is garbled: partitions\.driver is str, not bool"):
        observed({**ANSWER, "partitions": spoilt})
