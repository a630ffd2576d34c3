"""What a host keeps of its layout."""

from dataclasses import replace

import pytest

from provision.plugins.module_utils.mig.gpu import GpuInstance, GpuInstanceSpec, Target
from provision.plugins.module_utils.mig.profiles import Placement
from provision.plugins.module_utils.mig.record import Record, RecordedGpu, RecordError, dump, load, recorded

from .gpus import GPUS

GPU = replace(
    GPUS["a100-sxm4-40gb"],
    enabled=True,
    instances=(
        GpuInstance(7, "1g.5gb", Placement(0, 1), (1,)),
        GpuInstance(1, "3g.20gb", Placement(4, 4), (2, 1)),
    ),
)
SPECS = GpuInstanceSpec("1g.5gb", (1,)), GpuInstanceSpec("3g.20gb", (2, 1))
TARGET = Target(True, SPECS)
RECORD = load(dump([GPU], {GPU.uuid: TARGET}).decode())


def test_a_record_has_the_instances_and_where_they_lay() -> None:
    places = Placement(4, 4), Placement(0, 1)
    assert Record((RecordedGpu(GPU.uuid, GPU.pci, Target(True, SPECS[::-1], places)),)) == RECORD


def test_gpus_without_a_target_are_not_in_it() -> None:
    assert load(dump([GPU], {}).decode()) == Record()


def test_the_same_instances_go_where_they_lay_others_go_anywhere() -> None:
    assert RECORD.remember({GPU.uuid: TARGET}) == RECORD.targets
    other = {GPU.uuid: Target(True, SPECS[:1]), "GPU-x": TARGET}
    assert RECORD.remember(other) == other


def test_it_holds_just_the_targets_that_it_is_of() -> None:
    assert RECORD.holds({GPU.pci: TARGET})
    assert not RECORD.holds({})
    assert not RECORD.holds({GPU.pci: Target(False)})
    assert not RECORD.holds({GPU.pci: TARGET, "0000:99:00.0": TARGET})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"schema": 2}',
        '{"schema": 1, "gpus": {"a": {}}}',
        '{"schema": 1, "gpus": {"a": {"pci": 1}}}',
    ],
)
def test_text_of_another_kind_is_refused(text: str) -> None:
    with pytest.raises(RecordError):
        load(text)
    assert recorded(text) == Record()
