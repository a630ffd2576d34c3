"""Lab files: what they mean, and what is said of one that is wrong."""

from pathlib import Path

import pytest
import yaml

from provision.errors import UsageError
from provision.lab import spec
from provision.lab.hardware import Hardware

MINIMAL = """
name: bench
images: {debian-12: {suite: bookworm, packages: [systemd]}}
servers: {one: {address: 198.18.77.40, image: debian-12}}
"""


def test_the_lab_that_ships_is_the_four_servers_of_its_inventory() -> None:
    lab = spec.load()
    inventory = (Path(__file__).parents[3] / "inventory/lab.ini").read_text()
    assert [server.name for server in lab.servers] == ["hgx01", "a100-01", "v100-01", "cpu01"]
    for server in lab.servers:
        assert f"\n{server.name} ansible_host={server.address}\n" in inventory
        Hardware.from_mapping(server.hardware)


def test_a_server_takes_what_its_image_says() -> None:
    server = spec.parse(yaml.safe_load(MINIMAL), Path("bench.yml")).servers[0]
    assert (server.image.suite, server.image.components, server.image.cgroup) == ("bookworm", ("main",), 1)
    assert (server.groups, server.hardware, server.files) == ((), {}, None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("- servers", "bench.yml is not a table but `['- servers']`"),
        ("name: 5", "bench.yml: `name` is not text but `5`"),
        ("server: {}", "bench.yml: unknown key `server`"),
        ("images: {}", "bench.yml: servers: one: no image `debian-12`"),
        ("images: {debian-12: {suite: x, cgroup: 3}}", "images: debian-12: `cgroup` is 1 or 2, not `3`"),
        (
            "images: {debian-12: {suite: x, packages: systemd}}",
            "`packages` is not a list of text but `systemd`",
        ),
        ("servers: {one: {image: debian-12}}", "servers: one: `address` is missing"),
        ("servers: {one: {address: here, image: debian-12}}", "`address` is not an IPv4 address but `here`"),
        ("servers: {one: {address: 198.18.77.40, image: debian-12, gpu: 8}}", "one: unknown key `gpu`"),
        ("servers: {one: {address: 198.18.77.40, image: debian-12, files: none}}", "one: no directory none"),
        (
            "servers: {a: {address: 10.0.0.1, image: debian-12}, b: {address: 10.0.0.1, image: debian-12}}",
            "b and a share 10.0.0.1",
        ),
    ],
)
def test_a_wrong_file_is_refused_where_it_is_wrong(change: str, message: str) -> None:
    document = yaml.safe_load(MINIMAL)
    changed = yaml.safe_load(change)
    document = {**document, **changed} if isinstance(changed, dict) else [change]
    with pytest.raises(UsageError) as refused:
        spec.parse(document, Path("bench.yml"))
    assert message in refused.value.message


def test_a_file_that_is_not_yaml_is_named(tmp_path: Path) -> None:
    path = tmp_path / "lab.yml"
    path.write_text("servers: [")
    with pytest.raises(UsageError, match=r"lab\.yml is not YAML"):
        spec.load(path)
    with pytest.raises(UsageError, match="cannot read lab file"):
        spec.load(tmp_path / "none.yml")


def test_select_refuses_a_server_that_is_not_described() -> None:
    lab = spec.load()
    assert [server.name for server in lab.select(["cpu01", "hgx01"])] == ["cpu01", "hgx01"]
    assert lab.select([]) == lab.servers
    with pytest.raises(UsageError, match="no server `hgx02`"):
        lab.select(["hgx02"])
