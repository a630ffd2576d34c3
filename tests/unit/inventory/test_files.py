"""The files that variables name are read and handed over with the hosts."""

from pathlib import Path

from provision.inventory.files import with_files
from provision.model.fleet import Fleet
from tests.unit.hosts import host


def test_files_of_role_variables_are_read_relative_to_the_inventory(tmp_path: Path) -> None:
    (tmp_path / "mig.yml").write_bytes(b"version: v1")
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys/docker.asc").write_bytes(b"key")
    variables = {
        "nvidia_mig_config_file": "mig.yml",
        "docker_engine_repo_key": "{{ site_keys }}/docker.asc",
        "site_keys": "keys",
        "nvidia_driver_repo_key": str(tmp_path / "missing.asc"),
        "site_banner": "mig.yml",
        "nvidia_driver_version": 580,
    }
    hosts = (host("a", variables, str(tmp_path)), host("b", variables), host("c"))
    there = {"mig.yml": b"version: v1", "keys/docker.asc": b"key"}
    found = with_files(Fleet(tmp_path / "fleet.ini", "gpu", hosts))
    assert [dict(host.files) for host in found.hosts] == [there, {}, {}]
    assert (found.limit, found.names) == ("gpu", ("a", "b", "c"))
