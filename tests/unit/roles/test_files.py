"""A role reads a file that a variable names from beside the inventory, whatever the working directory."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from provision import content

from .conftest import FACTS

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
  vars_files: [{files}]
  tasks:
    - ansible.builtin.debug:
        msg: "{{{{ {role} }}}} is read"
      vars: {{ansible_facts: {facts}, {variables}}}
"""


@pytest.mark.parametrize("name", ["keys/mirror.asc", "~/elsewhere.asc"])
def test_a_file_is_read_from_beside_the_inventory(tmp_path: Path, name: str) -> None:
    (tmp_path / "inventory/keys").mkdir(parents=True)
    (tmp_path / "inventory/keys/mirror.asc").write_text("the content\n")
    (tmp_path / "elsewhere.asc").write_text("the content\n")
    (tmp_path / "inventory/fleet.ini").write_text("h1 ansible_connection=local\n")
    roles = content.roles_directory()
    files = [roles / role / part / "main.yml" for role in EXPRESSIONS for part in ("defaults", "vars")]
    files += [path for role in EXPRESSIONS for path in sorted((roles / role / "vars").glob("Debian*.yml"))]
    (tmp_path / "plays").mkdir()
    (tmp_path / "plays/play.yml").write_text(
        PLAY.format(
            files=", ".join(map(str, files)),
            facts={name.removeprefix("ansible_"): value for name, value in FACTS.items()},
            variables=", ".join(f"{variable}: {name}" for _, variable in EXPRESSIONS.values()),
            role=" ~ ', ' ~ ".join(f"'{role} ' ~ {made}" for role, (made, _) in EXPRESSIONS.items()),
        )
    )
    done = subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), "-i", "inventory/fleet.ini", "plays/play.yml"],
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    read = ", ".join(f"{role} the content" for role in EXPRESSIONS)
    assert f"{read} is read" in done.stdout, done.stdout + done.stderr
