"""A role reads a file that a variable names from beside the inventory, whatever the working directory."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from provision import content

ROLES = content.roles_directory()
# What each role makes of the content, and the variable that names the file.
EXPRESSIONS = {
    "nvidia_driver": ("__nvidia_driver_repository.key", "nvidia_driver_repo_key"),
    "docker_engine": ("__docker_engine_key", "docker_engine_repo_key"),
    "nvidia_container_toolkit": ("__nvidia_container_toolkit_key", "nvidia_container_toolkit_repo_key"),
    "nvidia_mig": ("__nvidia_mig_configurations", "nvidia_mig_config_file"),
}
PLAY = """\
- hosts: all
  gather_facts: false
  vars_files: ["{role}/defaults/main.yml", "{role}/vars/main.yml", facts.yml]
  tasks:
    - ansible.builtin.debug:
        msg: "read {{{{ {expression} }}}}"
      vars:
        {variable}: "{name}"
"""
FACTS = """\
ansible_facts: {os_family: Debian, distribution: Debian, distribution_major_version: "13", architecture: x86_64}
__nvidia_driver_repository_name: debian13
__nvidia_driver_repository_key: key.pub
__nvidia_driver_repository_fingerprints: []
__nvidia_driver_repository_replaces: []
"""


@pytest.mark.parametrize("role", EXPRESSIONS)
@pytest.mark.parametrize("name", ["keys/mirror.asc", "~/elsewhere.asc"])
def test_a_file_is_read_from_beside_the_inventory(tmp_path: Path, role: str, name: str) -> None:
    (tmp_path / "inventory/keys").mkdir(parents=True)
    (tmp_path / "inventory/keys/mirror.asc").write_text("the content\n")
    (tmp_path / "elsewhere.asc").write_text("the content\n")
    (tmp_path / "inventory/fleet.ini").write_text("h1 ansible_connection=local\n")
    expression, variable = EXPRESSIONS[role]
    play = PLAY.format(role=ROLES / role, expression=expression, variable=variable, name=name)
    (tmp_path / "plays").mkdir()
    (tmp_path / "plays/play.yml").write_text(play)
    (tmp_path / "plays/facts.yml").write_text(FACTS)
    done = subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), "-i", "inventory/fleet.ini", "plays/play.yml"],
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "read the content" in done.stdout, done.stdout + done.stderr
