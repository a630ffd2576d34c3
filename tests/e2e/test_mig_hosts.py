"""MIG where GPUs cannot be reset, on bare hosts, and in containers under both versions of control groups."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .lab import Command, provisioned
from .mig_lab import INVENTORY, lab, mig_devices, product, root, snapshot

pytestmark = pytest.mark.e2e

IMAGE = "198.18.77.1:8077/cuda:base"
BALANCED = {
    "mig-a100": ["3g.20gb", "2g.10gb", "1g.5gb", "1g.5gb"],
    "mig-h100": ["3g.47gb", "2g.24gb", "1g.12gb", "1g.12gb"],
}


@pytest.fixture(scope="module")
def bare() -> Iterator[None]:
    """Fresh servers; the GPUs of one cannot be reset."""
    lab("up")
    for server in BALANCED:
        lab("reset", server)
    lab("fault", "mig-a100", "mig_reset_blocked")
    yield
    lab("down")


def inventory(folder: Path, **changes: str) -> Path:
    """Return the inventory with variables that win over those that it has."""
    path = folder / "inventory.ini"
    added = "".join(f"{name}={value}\n" for name, value in changes.items())
    path.write_text(f"{INVENTORY.read_text()}\n[ampere:vars]\n{added}\n[hopper:vars]\n{added}")
    return path


@pytest.mark.usefixtures("bare")
def test_a_bare_host_is_refused_before_anything_changes(tmp_path: Path) -> None:
    impossible = inventory(tmp_path, nvidia_mig_layout="all-7g.94gb")
    expected = {"mig-a100": "profile `7g.94gb` does not exist on GPU 0000:07:00.0", "mig-h100": None}
    planned = product("plan", inventory=impossible)
    assert planned.code == 3, planned
    for server, refusal in expected.items():
        found = planned.json["hosts"][server]["roles"]["nvidia_mig"].get("refusal")
        assert found == refusal or refusal in found, planned
    before = snapshot("mig-a100")
    done = product("up", "--limit", "mig-a100", inventory=impossible)
    assert done.code == 3, done
    host = done.json["hosts"]["mig-a100"]
    assert host["outcome"] == "refused"
    assert expected["mig-a100"] in host["error"]
    assert snapshot("mig-a100") == before


@pytest.mark.usefixtures("bare")
def test_a_reboot_that_nobody_consented_to_is_refused_before_anything_changes() -> None:
    planned = product("plan", "--limit", "mig-a100").json["hosts"]["mig-a100"]["roles"]["nvidia_mig"]
    assert planned["disruption"] == ["reboot"]
    before = snapshot("mig-a100")
    host = product("up", "--limit", "mig-a100").json["hosts"]["mig-a100"]
    for found in (planned["refusal"], host["error"]):
        assert "can be switched on by a reboot only: the kernel cannot reset it" in found
    assert "nvidia_mig_allow_reboot" in host["hint"]
    assert snapshot("mig-a100") == before


@pytest.fixture(scope="module")
def partitioned(bare: None, tmp_path_factory: pytest.TempPathFactory) -> Command:
    """Both servers as the inventory declares them, with consent to what it takes."""
    del bare
    boot = root("mig-a100", "cat /proc/sys/kernel/random/boot_id")
    consenting = inventory(tmp_path_factory.mktemp("mig"), nvidia_mig_allow_reboot="true")
    done = product("up", inventory=consenting)
    assert done.code == 0, provisioned(done)
    assert root("mig-a100", "cat /proc/sys/kernel/random/boot_id") != boot
    return done


def test_the_layout_is_there_after_the_reboot_that_it_took(partitioned: Command) -> None:
    """`up` has verified it: mig_layout, mig_survives_reboot and container_sees_mig_instance are among the checks."""
    for server, profiles in BALANCED.items():
        assert partitioned.json["hosts"][server]["outcome"] == "changed"
        listing = root(server, "nvidia-smi -L")
        found = [line.split()[1] for line in listing.splitlines() if line.startswith("  MIG ")]
        assert sorted(found) == sorted(profiles * 2)
    again = product("plan", "--exit-code")
    assert again.code == 0, again


def test_status_has_the_geometry_of_each_gpu(partitioned: Command) -> None:
    del partitioned
    gpus = product("status", "--limit", "mig-h100").json["hosts"]["mig-h100"]["gpus"]
    geometry = ["MIG enabled", "0:1 1g.12gb", "1:1 1g.12gb", "2:2 2g.24gb", "4:4 3g.47gb"]
    assert [gpu["geometry"] for gpu in gpus] == [geometry, geometry]


NAMES = [
    "--gpus device={uuid}",
    "--gpus device=0:1",
    "--runtime nvidia -e NVIDIA_VISIBLE_DEVICES={uuid}",
    "--runtime nvidia -e NVIDIA_VISIBLE_DEVICES=0:1",
    "--runtime nvidia -e NVIDIA_VISIBLE_DEVICES=nvidia.com/gpu={uuid}",
    "--runtime nvidia -e NVIDIA_VISIBLE_DEVICES=nvidia.com/gpu=0:1",
]
NATIVE = ["--device nvidia.com/gpu={uuid}", "--device nvidia.com/gpu=0:1"]  # from Docker 25 on
CASES = [(server, name) for server in BALANCED for name in NAMES] + [("mig-h100", name) for name in NATIVE]


@pytest.mark.parametrize(("server", "name"), CASES)
def test_a_container_sees_the_one_instance_that_it_was_given(
    partitioned: Command, server: str, name: str
) -> None:
    del partitioned
    uuid = mig_devices(root(server, "nvidia-smi -L"))[1]
    run = f"docker run --rm --entrypoint nvidia-smi {name.format(uuid=uuid)} {IMAGE} -L"
    assert mig_devices(root(server, run)) == [uuid]


@pytest.mark.parametrize("server", BALANCED)
@pytest.mark.parametrize(
    "options", ["--runtime runc --gpus device=0:1", "--runtime nvidia --gpus device=0:1"]
)
def test_a_running_container_keeps_its_instance(partitioned: Command, server: str, options: str) -> None:
    """Also for programs that are started in it later, and over a restart of the container."""
    del partitioned
    root(server, f"docker run -d --name kept --entrypoint sleep {options} {IMAGE} 900")
    try:
        first = mig_devices(root(server, "docker exec kept nvidia-smi -L"))
        assert len(first) == 1
        root(server, "docker restart --time 0 kept")
        assert mig_devices(root(server, "docker exec kept nvidia-smi -L")) == first
    finally:
        root(server, "docker rm -f kept")
