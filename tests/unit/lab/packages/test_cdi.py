"""Specifications name every device as the real `nvidia-ctk cdi` does, and conflicts take devices away."""

from pathlib import Path

import pytest

from provision.lab.packages.doubles.container_toolkit import cdi
from provision.lab.packages.doubles.container_toolkit.inventory import Gpu, Machine, Mig, parse_mig_minors
from provision.plugins.module_utils.containers import cdi as product


def test_a_gpu_in_mig_mode_has_its_mig_devices_instead(machine: Machine) -> None:
    devices = cdi.devices(machine)
    assert set(devices) == {"0", "1:0", "1:1", "GPU-aaaa", "MIG-cccc", "MIG-dddd", "all"}
    assert devices["0"].nodes == devices["GPU-aaaa"].nodes == ("/dev/nvidia3",)
    assert devices["1:1"].nodes == (
        "/dev/nvidia1",
        "/dev/nvidia-caps/nvidia-cap21",
        "/dev/nvidia-caps/nvidia-cap22",
    )
    assert len(devices["all"].nodes) == 6


@pytest.mark.parametrize(
    "gpus",
    [(), (Gpu(index=0, minor=0, uuid="GPU-a", mig_enabled=True),)],
    ids=["no GPU", "MIG without instances"],
)
def test_no_device_at_all_is_an_error(gpus: tuple[Gpu, ...], common: cdi.Edits) -> None:
    with pytest.raises(cdi.CdiError, match=r'failed add device "all": invalid device, empty device edits'):
        cdi.specification(Machine("580.95.05", gpus), common)


def test_mig_devices_without_capability_nodes_are_an_error() -> None:
    gpu = Gpu(index=0, minor=0, uuid="GPU-a", mig_enabled=True, migs=(Mig(0, "MIG-a", 12, None),))
    with pytest.raises(cdi.CdiError, match="error getting MIG capability device paths"):
        cdi.devices(Machine("580.95.05", (gpu,)))


def test_common_edits_hold_the_libraries_of_the_loaded_version_only_where_they_exist() -> None:
    present = {"/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.580.95.05", "/dev/nvidiactl"}
    edits = cdi.common_edits("580.95.05", present.__contains__)
    assert edits.nodes == ("/dev/nvidiactl",)
    assert [inside for _, inside in edits.mounts] == [
        "/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.580.95.05",
        "/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1",
    ]


def test_mig_minors_are_read_by_capability() -> None:
    text = "config 1\nmonitor 2\ngpu0/gi1/access 12\ngpu0/gi1/ci0/access 13\n"
    assert parse_mig_minors(text)["gpu0/gi1/ci0/access"] == 13


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_a_written_specification_reads_back(
    form: str, machine: Machine, common: cdi.Edits, tmp_path: Path
) -> None:
    _write(tmp_path / f"nvidia.{form}", machine, common)
    found = cdi.load((str(tmp_path),)).devices
    assert set(found) == {f"nvidia.com/gpu={name}" for name in cdi.devices(machine)}
    assert found["nvidia.com/gpu=0"] == cdi.devices(machine)["0"].plus(common)


def test_a_device_in_two_files_of_one_directory_is_nobodys(
    machine: Machine, common: cdi.Edits, tmp_path: Path
) -> None:
    _write(tmp_path / "a.yaml", machine, common)
    _write(tmp_path / "b.yaml", machine, common)
    registry = cdi.load((str(tmp_path),))
    assert registry.devices == {}
    assert len(registry.warnings) == 7


def test_the_later_directory_wins_without_a_warning(
    machine: Machine, common: cdi.Edits, tmp_path: Path
) -> None:
    old, new = tmp_path / "etc", tmp_path / "run"
    old.mkdir()
    new.mkdir()
    _write(old / "nvidia.yaml", Machine("570.1", (Gpu(0, 7, "GPU-aaaa"), Gpu(1, 8, "GPU-old"))), common)
    _write(new / "nvidia.yaml", machine, common)
    registry = cdi.load((str(old), str(new)))
    assert registry.warnings == []
    assert registry.devices["nvidia.com/gpu=0"].nodes[0] == "/dev/nvidia3"
    assert "nvidia.com/gpu=GPU-old" in registry.devices


def test_the_product_reads_the_same_devices(machine: Machine, common: cdi.Edits) -> None:
    document = cdi.specification(machine, common)
    for form in ("yaml", "json"):
        text = cdi.written(document, form)
        assert product.is_gpu_spec(text)
        assert product.devices(text) == list(cdi.devices(machine))


@pytest.mark.parametrize("text", ["kind: [unclosed\n", "", "- kind\n", "devices: []\n"])
def test_a_bad_file_is_a_warning(text: str, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(text)
    registry = cdi.load((str(tmp_path),))
    assert registry.devices == {}
    assert "bad.yaml" in registry.warnings[0]


def _write(path: Path, machine: Machine, common: cdi.Edits) -> None:
    path.write_text(cdi.written(cdi.specification(machine, common), path.suffix[1:]))
