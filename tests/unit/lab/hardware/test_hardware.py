"""From the words of lab.yml to the files of a server."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from provision.errors import UsageError
from provision.lab.hardware import FAULTS, Hardware, write_overlay
from provision.lab.hardware.catalogue import catalogue, profiles
from provision.lab.hardware.description import describe

HGX = {"gpus": {"h100-sxm5-80gb": 8}, "nvswitches": 4, "hcas": 2}


def test_reads_the_form_of_the_lab_file() -> None:
    hardware = Hardware.from_mapping({**HGX, "nouveau_loaded": True, "secure_boot": True, "identity": "x"})
    assert hardware == Hardware(
        gpus=(("h100-sxm5-80gb", 8),),
        nvswitches=4,
        hcas=(("connectx7-ndr", 2),),
        nouveau_loaded=True,
        secure_boot=True,
        identity="x",
    )
    assert Hardware.from_mapping({}) == Hardware()


@pytest.mark.parametrize(
    ("mapping", "message", "hint"),
    [
        ({"gpu": {}}, "`gpu` is no key", "did you mean `gpus`?"),
        ({"gpus": {"h100": 8}}, "`h100` is no GPU model", "h100-"),
        ({"gpus": {"h100-sxm5-80gb": 9}}, "`9` x h100-sxm5-80gb", "1 to 8"),
        ({"gpus": ["h100-sxm5-80gb"]}, "no value of hardware key `gpus`", "MODEL: COUNT"),
        ({"gpus": {"v100-pcie-32gb": 1}, "nvswitches": 4}, "`4` NVSwitches", "models.yml"),
        ({"hcas": {"cx7": 1}}, "`cx7` is no HCA model", "connectx7-ndr"),
    ],
)
def test_refuses_what_does_not_exist(mapping: dict[str, object], message: str, hint: str) -> None:
    with pytest.raises(UsageError) as raised:
        Hardware.from_mapping(mapping)
    assert message in raised.value.message
    assert hint in (raised.value.hint or "")


def test_every_device_has_its_own_address() -> None:
    devices = describe(Hardware.from_mapping(HGX))["devices"]
    kinds = [device["kind"] for device in devices]
    addresses = [device["pci"] for device in devices]

    assert (kinds.count("gpu"), kinds.count("nvswitch"), kinds.count("hca")) == (8, 4, 2)
    assert len(set(addresses)) == len(addresses)
    assert addresses == sorted(addresses)


@pytest.mark.parametrize("model", sorted(catalogue()["gpus"]))
def test_models_hold_together(model: str) -> None:
    known = catalogue()["gpus"][model]
    assert set(known["driver"]["flavours"]) <= {"open", "proprietary"}
    if "mig" not in known:
        return
    slices = catalogue()["geometries"][known["mig"]["geometry"]]["memory_slices"]
    numbers = [profile["nvml"] for profile in profiles(model)]
    assert len(set(numbers)) == len(numbers)
    for profile in profiles(model):
        assert all(start + profile["size"] <= slices for start in profile["starts"])
        assert len(profile["starts"]) >= profile["count"]
    whole = [profile for profile in profiles(model) if profile["size"] == slices]
    for engine in ("decoders", "encoders", "jpeg", "ofa"):
        assert all(profile[engine] <= whole[0][engine] for profile in profiles(model))


def test_overlay_is_complete_and_executable(tmp_path: Path) -> None:
    write_overlay(Hardware.from_mapping(HGX), tmp_path)

    written = json.loads((tmp_path / "etc/lab-hardware/hardware.json").read_text())
    assert len(written["devices"]) == 14
    for program in ("modprobe", "rmmod", "dmesg"):
        link = tmp_path / "usr/local/sbin" / program
        target = tmp_path / str(link.readlink()).lstrip("/")
        assert target.stat().st_mode & stat.S_IXOTH
        module = f"{program.replace('-', '_')}_command.py"
        assert (target.parent / module).exists()
    wanted = tmp_path / "etc/systemd/system/sysinit.target.wants/lab-hardware.service"
    unit = tmp_path / str(wanted.readlink()).lstrip("/")
    started = unit.read_text().split("ExecStart=")[1].split()[0]
    assert (tmp_path / started.lstrip("/")).stat().st_mode & stat.S_IXUSR


def test_overlay_can_be_written_again(tmp_path: Path) -> None:
    write_overlay(Hardware.from_mapping(HGX), tmp_path)
    write_overlay(Hardware(), tmp_path)
    assert json.loads((tmp_path / "etc/lab-hardware/hardware.json").read_text())["devices"] == []


def test_faults_have_help_of_one_line() -> None:
    assert {"driver_not_loaded", "library_mismatch", "gpu_lost", "gpu_in_use"} <= set(FAULTS)
    assert all(text and "\n" not in text for text in FAULTS.values())


def test_the_switches_of_nvlink5_are_known_by_their_product_data() -> None:
    hardware = Hardware.from_mapping({"gpus": {"b200-180gb": 8}, "hcas": {"nvlink5-bridge": 4}})
    product_data = {device["vpd"] for device in describe(hardware)["devices"] if device["kind"] == "hca"}
    assert product_data == {"SW_MNG"}
