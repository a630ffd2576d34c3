"""The roles and modules as other Ansible tools meet them: as a collection, and in a checkout."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
PROGRAMS = Path(sys.executable).parent
NAMES = {
    "role": sorted(path.name for path in (ROOT / "roles").iterdir()),
    "module": sorted(
        path.stem for path in (ROOT / "provision/plugins/modules").glob("*.py") if path.stem != "__init__"
    ),
}
PLAYBOOK = """\
---
- name: GPU servers
  hosts: gpu
  become: true
  roles:
    - role: provision.gpu.nvidia_driver
      vars:
        nvidia_driver_version: "580"
"""


def run(program: str, *arguments: object, cwd: Path, collections: Path | None = None) -> str:
    """Run a program of Ansible's with nothing set but where collections are. Return its output."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    if collections is not None:
        environment["ANSIBLE_COLLECTIONS_PATH"] = str(collections)
    command = [str(PROGRAMS / program), *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def collections(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the collection as a user would, install the archive, return where to."""
    folder = tmp_path_factory.mktemp("collection")
    subprocess.run([ROOT / "scripts/collection", folder], check=True, capture_output=True)
    archive = folder / f"provision-gpu-{VERSION}.tar.gz"
    run(
        "ansible-galaxy",
        "collection",
        "install",
        "--offline",
        "-p",
        folder / "installed",
        archive,
        cwd=folder,
    )
    return folder / "installed"


def test_ansible_galaxy_lists_it_and_finds_it_whole(collections: Path) -> None:
    asked = ("collection", "list", "--format", "json", "provision.gpu")
    listed = json.loads(run("ansible-galaxy", *asked, cwd=collections, collections=collections))
    assert listed[str(collections / "ansible_collections")] == {"provision.gpu": {"version": VERSION}}
    verify = ("collection", "verify", "--offline", "provision.gpu")
    assert "Successfully verified" in run("ansible-galaxy", *verify, cwd=collections, collections=collections)


def test_every_role_and_module_has_its_page(collections: Path) -> None:
    for kind, names in NAMES.items():
        full = [f"provision.gpu.{name}" for name in names]
        told = json.loads(
            run("ansible-doc", "-t", kind, "--json", *full, cwd=collections, collections=collections)
        )
        assert sorted(told) == full


@pytest.mark.slow
def test_ansible_lint_accepts_a_playbook_that_uses_it(collections: Path, tmp_path: Path) -> None:
    (tmp_path / "site.yml").write_text(PLAYBOOK)
    arguments = ("--offline", "--strict", "--profile", "production", "site.yml")
    run("ansible-lint", *arguments, cwd=tmp_path, collections=collections)


def test_a_checkout_is_a_project_that_controllers_can_run(tmp_path: Path) -> None:
    """AWX and the like check a repository out and call `ansible-playbook` there, with nothing set."""
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    for name in tracked:
        if (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).symlink_to(ROOT / name)
    run(
        "ansible-playbook", "--inventory", "inventory/example.ini", "--syntax-check", "playbooks/site.yml",
        cwd=tmp_path,
    )  # fmt: skip
    for kind, names in NAMES.items():
        assert sorted(json.loads(run("ansible-doc", "-t", kind, "--json", *names, cwd=tmp_path))) == names
