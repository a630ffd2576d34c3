"""A survey as values."""

import pytest

from provision.errors import ConnectError
from provision.model.observed import Driver, Gpu, ReceiptState, Workload
from provision.probe.answer import observed
from tests.unit.connect.ssh_server import ANSWER


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
            "receipts": {"nvidia_driver": {"inputs": {"content": "x"}, "differences": ["held: no"]}},
        }
    )
    assert found.os == "Debian 13"
    assert found.gpus == (Gpu("0000:18:00.0", "10de:2330", name="H100", uuid="GPU-1", mig=("1g.10gb",)),)
    assert found.driver == Driver("580.95.05", "580.95.05")
    assert found.workloads == (Workload("container", "train"),)
    assert found.receipts == {"nvidia_driver": ReceiptState({"content": "x"}, ("held: no",))}
    assert found.partitions is None


def test_a_survey_of_another_version_is_refused() -> None:
    with pytest.raises(ConnectError, match="schema 2, not 1"):
        observed({**ANSWER, "schema": 2})
