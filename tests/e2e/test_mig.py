"""MIG on a100-01: applied, proven, kept through a reboot, never at the cost of who works on it."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import Story
from .lab import INVENTORY, Command, provision, provisioned, remote

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("fleet")]

SERVER = "a100-01"
PROFILES = ["3g.20gb", "2g.10gb", "1g.5gb", "1g.5gb"]
CHECKS = ("mig_layout", "mig_survives_reboot", "container_sees_mig_instance")
IMAGE = "198.18.77.1:8077/cuda:base"
LAYOUT = '[{"devices": [0], "mig-enabled": True, "mig-devices": {"3g.20gb": 1, "2g.10gb": 1, "1g.5gb": 2}}]'


def devices() -> dict[str, str]:
    """Return the MIG devices of the server: profile by UUID."""
    lines = [line.split() for line in remote(SERVER, "nvidia-smi -L").splitlines() if "MIG " in line]
    return {line[-1].rstrip(")"): line[1] for line in lines}


def checks() -> dict[str, dict[str, Any]]:
    report = provision("verify", "--limit", SERVER, "--json")
    return {check["id"]: check for check in report.json["hosts"][SERVER]["checks"]}


def up(inventory: Path = INVENTORY) -> Command:
    return provision("up", "--limit", SERVER, "--no-verify", "--json", inventory=inventory)


@pytest.fixture
def other_layout(tmp_path: Path) -> Iterator[Path]:
    """An inventory whose layout keeps the 3g.20gb and has one 4g.20gb beside it; undone behind the test."""
    text = INVENTORY.read_text()
    assert LAYOUT in text
    path = tmp_path / "lab.ini"
    path.write_text(text.replace(LAYOUT, LAYOUT.replace('"2g.10gb": 1, "1g.5gb": 2', '"2g.10gb": 2')))
    yield path
    restored = tmp_path / "restored.ini"
    restored.write_text(text + "\n[a100:vars]\nnvidia_mig_allow_destroy=true\n")
    assert up(restored).code == 0
    assert up().code == 0


def test_the_layout_is_there_and_proven(story: Story) -> None:
    assert story.up.json["hosts"][SERVER]["roles"]["nvidia_mig"] == "changed", provisioned(story.up)
    assert sorted(devices().values()) == sorted(PROFILES)
    found = {check["id"]: check for check in story.verified.json["hosts"][SERVER]["checks"]}
    assert {name: found[name]["outcome"] for name in CHECKS} == dict.fromkeys(CHECKS, "passed")
    assert found["mig_layout"]["detail"] == "3g.20gb + 2g.10gb + 2x 1g.5gb"


def test_a_server_without_a_layout_has_nothing_of_it(story: Story) -> None:
    assert story.up.json["hosts"]["hgx01"]["roles"]["nvidia_mig"] == "ok"
    assert remote("hgx01", "ls /etc/systemd/system/provision-mig.service", check=False) == ""


def test_status_shows_the_geometry_by_gpu() -> None:
    gpus = provision("status", "--limit", SERVER, "--json").json["hosts"][SERVER]["gpus"]
    assert [sorted(gpu["mig"]) for gpu in gpus] == [sorted(PROFILES), []]


def seen_by(options: str) -> list[str]:
    """Return the MIG devices that a container with these options sees."""
    listing = remote(SERVER, f"docker run --rm --entrypoint nvidia-smi {options} {IMAGE} -L")
    return [word.rstrip(")") for word in listing.split() if word.startswith("MIG-")]


@pytest.mark.parametrize("name", ["{uuid}", "nvidia.com/gpu={uuid}"])
def test_a_container_gets_the_instance_that_it_is_given(name: str) -> None:
    found = devices()
    assert sorted(found.values()) == sorted(PROFILES)
    for uuid in found:
        variable = f"NVIDIA_VISIBLE_DEVICES={name.format(uuid=uuid)}"
        assert seen_by(f"--runtime nvidia -e {variable}") == [uuid]


def test_a_reboot_keeps_the_layout_and_its_uuids() -> None:
    before, boot = devices(), remote(SERVER, "cat /proc/sys/kernel/random/boot_id")
    remote(SERVER, "systemctl reboot", check=False)
    deadline = time.monotonic() + 120
    while remote(SERVER, "cat /proc/sys/kernel/random/boot_id", check=False) in ("", boot) or remote(
        SERVER, "systemctl is-system-running", check=False
    ).strip() not in ("running", "degraded"):
        assert time.monotonic() < deadline
        time.sleep(1)
    assert devices() == before
    found = checks()
    assert {name: found[name]["outcome"] for name in CHECKS} == dict.fromkeys(CHECKS, "passed")
    assert up().json["hosts"][SERVER]["outcome"] == "converged"
    for uuid in before:
        assert seen_by(f"--gpus device={uuid}") == [uuid]


def test_instances_are_not_destroyed_without_consent(other_layout: Path) -> None:
    before = devices()
    done = up(other_layout)
    assert done.code == 3, done
    host = done.json["hosts"][SERVER]
    assert host["outcome"] == "refused"
    assert "would be destroyed" in host["error"]
    assert "nvidia_mig_allow_destroy" in host["hint"]
    assert devices() == before


def test_instances_in_use_are_never_destroyed_and_others_change_beside_them(other_layout: Path) -> None:
    text = other_layout.read_text() + "\n[a100:vars]\nnvidia_mig_allow_destroy=true\n"
    other_layout.write_text(text)
    before = devices()
    (kept,) = (uuid for uuid, profile in before.items() if profile == "3g.20gb")
    busy = next(uuid for uuid, profile in before.items() if profile == "1g.5gb")
    start = "docker run -d --rm --runtime nvidia --entrypoint sleep -e NVIDIA_VISIBLE_DEVICES={} --name {} "
    start += f"{IMAGE} 900"
    remote(SERVER, start.format(busy, "busy"))
    try:
        host = up(other_layout).json["hosts"][SERVER]
        assert host["outcome"] == "refused"
        assert "is in use by container busy" in host["error"]
        assert devices() == before
    finally:
        remote(SERVER, "docker rm -f busy")
    remote(SERVER, start.format(kept, "kept"))
    try:
        done = up(other_layout)
        assert done.code == 0, provisioned(done)
        assert sorted(devices().values()) == ["2g.10gb", "2g.10gb", "3g.20gb"]
        assert kept in remote(SERVER, "docker exec kept nvidia-smi -L")
        specification = remote(SERVER, "nvidia-ctk cdi list")
        assert all(uuid in specification for uuid in devices())
    finally:
        remote(SERVER, "docker rm -f kept")


def test_an_instance_destroyed_by_hand_is_noticed_and_made_again() -> None:
    before = devices()
    remote(SERVER, "nvidia-smi mig -i 0 -dci && nvidia-smi mig -i 0 -dgi")
    assert devices() == {}
    plan = provision("plan", "--limit", SERVER, "--json").json["hosts"][SERVER]["roles"]["nvidia_mig"]
    assert plan["state"] == "drifted"
    assert plan["reasons"] == ["MIG of GPU 0000:07:00.0: 3g.20gb + 2g.10gb + 2x 1g.5gb -> on, no instances"]
    assert up().code == 0
    assert devices() == before
    record = json.loads(remote(SERVER, "cat /etc/provision/mig.json"))
    assert len(record["gpus"]) == 1
