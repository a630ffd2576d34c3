"""How a server is created, laid over and listed: everything that needs no Docker."""

import io
import tarfile
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from paramiko import HostKeys

from provision.errors import RunError
from provision.lab import cgroup, images, inventory_file, keys, programs, servers, spec
from provision.lab.machine import Machine
from provision.lab.overlay import Overlay
from provision.lab.state import State

MACHINE = Machine(kernel="6.1.0-50-amd64", capabilities_to_drop=("SYS_RESOURCE",), cgroup_v2=False)
HGX01 = spec.load().servers[0]
CPU01 = spec.load().servers[3]


def _options(arguments: list[str], option: str) -> list[str]:
    return [value for flag, value in pairwise(arguments) if flag == option]


def test_a_server_survives_its_reboot_and_keeps_its_address() -> None:
    arguments = servers.create_arguments(
        CPU01, "lab", "provision-lab/debian-12:abc", MACHINE, ["--cgroupns", "host"]
    )
    assert _options(arguments, "--restart") == ["always"]
    assert _options(arguments, "--ip") == ["198.18.77.14"]
    assert _options(arguments, "--hostname") == ["cpu01"]
    assert arguments[-1] == "provision-lab/debian-12:abc"


def test_only_capabilities_that_the_machine_lacks_are_dropped() -> None:
    arguments = servers.create_arguments(CPU01, "lab", "image", MACHINE, [])
    assert [each for each in arguments if each.startswith("--cap-drop")] == ["--cap-drop=SYS_RESOURCE"]
    everything = servers.create_arguments(
        CPU01, "lab", "image", replace(MACHINE, capabilities_to_drop=()), []
    )
    assert not [each for each in everything if each.startswith("--cap-drop")]


def test_control_groups_follow_machine_and_release(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.cgroup.mkdir()
    assert cgroup.options(CPU01, MACHINE, state) == [
        *("--cgroupns", "host", "--volume", "/sys/fs/cgroup:/sys/fs/cgroup:rw")
    ]
    assert cgroup.options(HGX01, MACHINE, state) == [
        *("--cgroupns", "host", "--volume", f"{tmp_path}/cgroup/hgx01:/sys/fs/cgroup:rw")
    ]
    for server in (CPU01, HGX01):
        assert cgroup.options(server, replace(MACHINE, cgroup_v2=True), state) == ["--cgroupns", "private"]


def _members(archive: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        return {member.name: member for member in opened}


def test_an_overlay_belongs_to_root_and_keeps_modes_and_links(tmp_path: Path) -> None:
    program = tmp_path / "usr/local/sbin/modprobe"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/unit").symlink_to("/usr/lib/unit")
    overlay = Overlay()
    overlay.add_tree(tmp_path)
    overlay.add_file("/home/admin/.ssh/authorized_keys", b"key", mode=0o600, owner=1000)
    members = _members(overlay.finish())
    assert (members["usr/local/sbin/modprobe"].mode & 0o777, members["usr/local/sbin/modprobe"].uid) == (
        0o755,
        0,
    )
    assert members["etc/unit"].linkname == "/usr/lib/unit"
    assert members["home/admin/.ssh/authorized_keys"].uid == 1000


def test_an_overlay_must_not_replace_a_link_of_the_root(tmp_path: Path) -> None:
    (tmp_path / "lib/systemd").mkdir(parents=True)
    with pytest.raises(RunError, match="would replace a link"):
        Overlay().add_tree(tmp_path)


def test_known_hosts_come_from_generated_keys_and_last(tmp_path: Path) -> None:
    state = State(tmp_path)
    first = keys.host_key(CPU01, state).read_bytes()
    keys.host_key(HGX01, state)
    keys.write_known_hosts(state)
    assert keys.host_key(CPU01, state).read_bytes() == first
    lines = state.known_hosts.read_text().splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["cpu01,198.18.77.14", "ssh-ed25519"],
        ["hgx01,198.18.77.11", "ssh-ed25519"],
    ]


def test_an_address_belongs_to_the_server_that_took_it_last(tmp_path: Path) -> None:
    state = State(tmp_path)
    keys.host_key(HGX01, state)
    taker = replace(CPU01, address=HGX01.address)
    keys.host_key(taker, state)
    keys.write_known_hosts(state)
    known = HostKeys(str(state.known_hosts)).lookup(HGX01.address)
    assert known is not None
    public = (state.server(taker.name) / "ssh_host_ed25519_key.pub").read_text().split()[1]
    assert [key.get_base64() for key in known.values()] == [public]
    assert HostKeys(str(state.known_hosts)).lookup(HGX01.name) is None


def test_a_removed_server_is_known_no_longer_and_keeps_its_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = State(tmp_path)
    first = keys.host_key(CPU01, state).read_bytes()
    keys.host_key(HGX01, state)
    monkeypatch.setattr(programs, "docker_answers", lambda *_: "[]")
    monkeypatch.setattr(programs, "docker", lambda *_: "")
    monkeypatch.setattr(cgroup, "containers_of", lambda _: [])
    monkeypatch.setattr(cgroup, "forget", lambda *_: None)
    servers.remove([CPU01.name], state)
    keys.write_known_hosts(state)
    assert [line.split(",")[0] for line in state.known_hosts.read_text().splitlines()] == ["hgx01"]
    assert keys.host_key(CPU01, state).read_bytes() == first


def test_the_inventory_of_another_lab_file_has_its_groups(tmp_path: Path) -> None:
    text = inventory_file.render(replace(spec.load(), servers=(HGX01, CPU01)), State(tmp_path))
    assert "[hgx]\nhgx01 ansible_host=198.18.77.11\n\n[login]\ncpu01 ansible_host=198.18.77.14\n" in text
    assert f"ansible_ssh_private_key_file={tmp_path}/id_ed25519" in text
    assert "StrictHostKeyChecking=yes" in text


RECIPE = images.Recipe(
    suite="bookworm",
    sources=("deb http://mirror.example.com/debian bookworm main",),
    components=("main",),
    packages=("systemd", "sudo"),
    apt_options=(),
    kernel="6.1.0-50-amd64",
    first_process="",
    customize="",
)


@pytest.mark.parametrize(
    "changed",
    [
        replace(RECIPE, suite="trixie"),
        replace(RECIPE, sources=()),
        replace(RECIPE, packages=("systemd",)),
        replace(RECIPE, kernel="6.1.0-51-amd64"),
        replace(RECIPE, customize="true"),
    ],
)
def test_another_recipe_is_another_image(changed: images.Recipe) -> None:
    assert changed.digest != RECIPE.digest
    assert replace(RECIPE).digest == RECIPE.digest


def test_mmdebstrap_gets_the_machines_sources_last() -> None:
    argv = RECIPE.argv(Path("/tmp/customize"), Path("/tmp/apt.conf"))
    assert argv[-3:] == ["bookworm", "-", "deb http://mirror.example.com/debian bookworm main"]
    assert "--include=systemd,sudo" in argv
