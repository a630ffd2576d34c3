"""Layouts as people write them."""

from typing import Any

import pytest

from provision.plugins.module_utils.mig.gpu import GpuInstanceSpec, MigGpu, Target
from provision.plugins.module_utils.mig.layout import Layout, LayoutError, resolve
from provision.plugins.module_utils.mig.placement import describe, plan_change

from .gpus import GPUS

A100 = GPUS["a100-sxm4-40gb"]
SECOND = MigGpu("GPU-second", "0000:ff:00.0", A100.device, "144e10de", True, A100.profiles)
V100 = MigGpu("GPU-v100", "0000:00:00.0", "1db610de", "", False, {})
PAIR = (A100, SECOND)
ENABLED: dict[str, Any] = {"devices": "all", "mig-enabled": True, "mig-devices": {"1g.5gb": 1}}


def names(target: Target) -> str:
    return describe(target.instances)


@pytest.mark.parametrize("model", GPUS)
def test_every_label_of_every_model_fits(model: str) -> None:
    gpu = GPUS[model]
    labels = [f"all-{name.replace('+', '.')}" for name in gpu.profiles]
    for label in ("all-disabled", "all-enabled", "all-balanced", *labels):
        target = resolve(label, [gpu])[gpu.uuid]
        plan_change(gpu.profiles, (), target.instances)
        assert target.enabled == (label != "all-disabled")


@pytest.mark.parametrize(
    ("model", "label", "instances"),
    [
        ("a100-sxm4-40gb", "all-1g.5gb", "7x 1g.5gb"),
        ("a100-sxm4-40gb", "all-1g.10gb", "4x 1g.10gb"),
        ("a100-sxm4-80gb", "all-1g.10gb", "7x 1g.10gb"),
        ("a100-sxm4-40gb", "all-1g.5gb.me", "1x 1g.5gb+me"),
        ("a100-sxm4-40gb", "all-balanced", "1x 3g.20gb + 1x 2g.10gb + 2x 1g.5gb"),
        ("a30-24gb", "all-balanced", "1x 2g.12gb + 2x 1g.6gb"),
        ("h200-sxm-141gb", "all-balanced", "1x 3g.71gb + 1x 2g.35gb + 2x 1g.18gb"),
        ("rtx-pro-6000-server", "all-balanced", "1x 2g.48gb + 2x 1g.24gb"),
    ],
)
def test_labels_are_computed_from_what_the_gpu_offers(model: str, label: str, instances: str) -> None:
    gpu = GPUS[model]
    assert names(resolve(label, [gpu])[gpu.uuid]) == instances


def test_an_entry_leaves_the_other_gpus_alone() -> None:
    entry = {"devices": [0], "mig-enabled": True, "mig-devices": {"3g.20gb": 2}}
    assert set(resolve([entry], PAIR)) == {A100.uuid}


def test_gpus_are_named_by_position_uuid_or_address() -> None:
    for device in (1, SECOND.uuid, SECOND.pci, "00000000:FF:00.0"):
        entry = {"devices": [device], "mig-enabled": False}
        assert set(resolve([entry], PAIR)) == {SECOND.uuid}, device


def test_a_filter_narrows_by_device_and_subsystem() -> None:
    entry: dict[str, Any] = {"devices": "all", "mig-enabled": True, "mig-devices": {}}
    assert set(resolve([{**entry, "device-filter": "0x20B010DE"}], PAIR)) == {A100.uuid, SECOND.uuid}
    assert set(resolve([{**entry, "device-filter": ["0x20B010DE:0x144E10DE"]}], PAIR)) == {SECOND.uuid}


def test_a_file_for_a_fleet_names_boards_that_this_host_lacks() -> None:
    entries = [
        {**ENABLED, "device-filter": ["0x233010DE", "0x20B210DE"], "mig-devices": {"1g.10gb": 7}},
        {**ENABLED, "device-filter": "0x20B010DE", "mig-devices": {"1g.10gb": 4}},
    ]
    assert names(resolve(entries, [A100])[A100.uuid]) == "4x 1g.10gb"


def test_the_later_entry_holds() -> None:
    entries = [
        {"devices": "all", "mig-enabled": False},
        {"devices": [1], "mig-enabled": True, "mig-devices": {"7g.40gb": 1}},
    ]
    targets = resolve(entries, PAIR)
    assert (targets[A100.uuid].enabled, names(targets[SECOND.uuid])) == (False, "1x 7g.40gb")


def test_compute_instances_share_gpu_instances() -> None:
    entry = {"devices": [0], "mig-enabled": True, "mig-devices": {"1c.3g.20gb": 4, "2c.3g.20gb": 1}}
    assert resolve([entry], PAIR)[A100.uuid].instances == (
        GpuInstanceSpec("3g.20gb", (2, 1)),
        GpuInstanceSpec("3g.20gb", (1, 1, 1)),
    )


def test_a_mig_parted_file_is_taken_as_it_is() -> None:
    configurations = {
        "version": "v1",
        "mig-configs": {"split": [{"devices": "all", "mig-enabled": True, "mig-devices": {"1g.5gb": 7}}]},
    }
    assert names(resolve("split", PAIR, configurations)[A100.uuid]) == "7x 1g.5gb"


def test_gpus_without_mig_may_stand_beside_those_with() -> None:
    entries = [
        {"devices": [0], "mig-enabled": False},
        {"devices": [1], "mig-enabled": True, "mig-devices": {"7g.40gb": 1}},
    ]
    assert set(resolve(entries, (V100, SECOND))) == {SECOND.uuid}


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        ("all-7g.80gb", "profile `7g.80gb` does not exist on GPU .* which has 1g.5gb"),
        ("balanced", "layout `balanced` is unknown: write `all-disabled`"),
        ([{**ENABLED, "devices": [9]}], "names GPU 9, there are 2"),
        ([{**ENABLED, "devices": ["GPU-x"]}], "names GPU `GPU-x`, which this host lacks"),
        ([{**ENABLED, "devices": "0"}], "`devices` of entry 1 of the MIG layout must be `all` or a list"),
        ([{**ENABLED, "device-filter": "A100"}], "device-filter `A100` of entry 1 is not of the form"),
        ([{**ENABLED, "device-filter": "0x233010DE"}], "no entry of the MIG layout matches a GPU"),
        ([{**ENABLED, "device-filter": 7}], "`device-filter` of entry 1 of the MIG layout must be a text"),
        ({"devices": "all"}, "must be a label or a list of entries"),
        ([{**ENABLED, "mig-devices": {"1g5gb": 1}}], "`1g5gb` is not a MIG profile"),
        ([{**ENABLED, "mig-devices": {"1g.5gb": "1"}}], "must be a whole number"),
        (
            [{**ENABLED, "mig-enabled": "yes"}],
            "`mig-enabled` of entry 1 of the MIG layout must be true or false",
        ),
        ([{**ENABLED, "mig-enabled": False}], "must be empty, since `mig-enabled` is false"),
        ([{"devices": "all", "mig-enabled": True}], "`mig-devices` of entry 1 of the MIG layout is missing"),
        ([{**ENABLED, "extra": 1}], "unknown key `extra` in entry 1"),
    ],
)
def test_refuses_in_words(layout: Layout, message: str) -> None:
    with pytest.raises(LayoutError, match=message):
        resolve(layout, PAIR)


@pytest.mark.parametrize(
    ("configurations", "message"),
    [
        ({"version": "v2", "mig-configs": {"a": []}}, "version `v2`"),
        ({"version": "v1", "mig-configs": {}}, "is empty"),
        ({"version": "v1", "mig-configs": {"a": []}}, "layout `split` is not in the MIG configuration file"),
        ({"version": "v1", "mig-configs": {"a": []}, "x": 1}, "unknown key `x`"),
    ],
)
def test_refuses_a_bad_file_in_words(configurations: dict[str, Any], message: str) -> None:
    with pytest.raises(LayoutError, match=message):
        resolve("split", PAIR, configurations)


def test_a_host_without_a_capable_gpu_is_refused() -> None:
    with pytest.raises(LayoutError, match="no GPU of this host is capable of MIG"):
        resolve("all-disabled", [V100])
