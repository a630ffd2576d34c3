"""What PCI ids say about GPUs and NVSwitches."""

import pytest

from provision.plugins.module_utils.gpus import boards as tables


@pytest.mark.parametrize(
    ("pci_id", "architecture", "modules", "name"),
    [
        ("10de:102d", "Kepler", "proprietary", "K80"),
        ("10de:13f2", "Maxwell", "proprietary", "M60"),
        ("10de:15f8", "Pascal", "proprietary", "P100 PCIe 16GB"),
        ("10de:1db6", "Volta", "proprietary", "V100 PCIe 32GB"),
        ("10de:1eb8", "Turing", "either", "T4"),
        ("10de:20b0", "Ampere", "either", "A100 SXM4 40GB"),
        ("10de:2236", "Ampere", "either", "A10"),
        ("10de:27b8", "Ada", "either", "L4"),
        ("10de:26b9", "Ada", "either", "L40S"),
        ("10de:2330", "Hopper", "either", "H100 SXM5 80GB"),
        ("10de:2335", "Hopper", "either", "H200 SXM 141GB"),
        ("10de:2342", "Hopper", "open", "GH200 120GB / 480GB"),
        ("10de:2901", "Blackwell", "open", "B200"),
        ("10de:3182", "Blackwell", "open", "B300"),
        ("10de:2bb5", "Blackwell", "open", "RTX PRO 6000 Blackwell Server"),
        ("10de:3021", "Rubin", "open", None),
        ("10de:2b85", "Blackwell", "open", None),
    ],
)
def test_gpu_is_identified(pci_id: str, architecture: str, modules: str, name: str | None) -> None:
    assert tables.gpu(pci_id) == tables.GpuModel(pci_id, architecture, modules, name)


def test_ids_are_read_in_the_forms_that_sysfs_and_lspci_write() -> None:
    assert tables.gpu("0x10de:0x2330") == tables.gpu("10DE:2330") == tables.gpu("10de:2330")


@pytest.mark.parametrize(
    "pci_id",
    [
        "10de:3400",  # above every block: a chip newer than the tables
        "10de:30c1",  # next to Rubin's only id in its block
        "10de:2f95",  # Vera, a CPU
        "10de:22ba",  # the audio function of an Ada
        "10de:22a3",  # an NVSwitch
    ],
)
def test_an_id_outside_the_tables_is_unknown_and_not_guessed(pci_id: str) -> None:
    assert tables.gpu(pci_id) == tables.GpuModel(pci_id, None, None, None)


@pytest.mark.parametrize("pci_id", ["1002:2330", "10de:233", "10de:23300", "2330", "", "10de:233g"])
def test_what_is_no_id_of_nvidia_is_nothing(pci_id: str) -> None:
    assert tables.gpu(pci_id) is None
    assert tables.architecture(pci_id) is None
    assert tables.modules(pci_id) is None
    assert tables.nvswitch(pci_id) is None


@pytest.mark.parametrize(
    ("pci_ids", "needed"),
    [
        (["10de:2330", "10de:20b0"], "either"),
        (["10de:2330", "10de:1db6"], "proprietary"),
        (["10de:2330", "10de:2901"], "open"),
        (["10de:1db6", "10de:2901"], "conflict"),
        (["10de:2330", "10de:3400"], None),
        (["10de:2901", "10de:3400"], "open"),
        ([], None),
    ],
)
def test_modules_that_drive_every_gpu_of_a_host(pci_ids: list[str], needed: str | None) -> None:
    assert tables.modules_of(pci_ids) == needed


@pytest.mark.parametrize(
    ("pci_id", "generation", "chip"),
    [("10de:1ac2", 1, "Willow"), ("10de:1af1", 2, "LR10"), ("10de:22a3", 3, "LS10")],
)
def test_nvswitch_is_identified(pci_id: str, generation: int, chip: str) -> None:
    assert tables.nvswitch(pci_id) == tables.NvSwitch(pci_id, generation, chip)


def test_a_gpu_is_no_nvswitch() -> None:
    assert tables.nvswitch("10de:2330") is None


def test_every_board_has_an_architecture() -> None:
    unknown = [pci_id for pci_id in tables.boards() if tables.architecture(pci_id) is None]
    assert unknown == []


def test_every_architecture_has_a_rule_for_its_modules() -> None:
    assert set(tables.MODULES) == set(tables.ARCHITECTURES)
