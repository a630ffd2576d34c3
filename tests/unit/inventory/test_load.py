"""Inventories of all kinds, good and bad, read by Ansible's parser."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from provision.errors import InventoryError
from provision.inventory import load
from provision.inventory.sourced import Variables
from provision.model.desired import HIDDEN

_VAULTED = """secret: !vault |
  $ANSIBLE_VAULT;1.1;AES256
  6231336539
"""

_FLEET = """
[gpu]
hgx01 ansible_host=192.0.2.11 nvidia_driver_version=580
a100-01

[gpu:vars]
nvidia_driver_version=595.71.05
docker_engine_users=['alice']
greeting="{{ inventory_hostname }}"

[cpu]
cpu01
"""


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "all.yml").write_text(
        f"{_VAULTED}since: 2024-01-02\nlimits:\n  memlock: true\n"
    )
    path = tmp_path / "fleet.ini"
    path.write_text(_FLEET)
    return path


def test_load_merges_group_variables_as_ansible_does(inventory: Path) -> None:
    fleet = load(inventory)
    assert fleet.names == ("hgx01", "a100-01", "cpu01")
    assert fleet.host("hgx01").groups == ("gpu",)
    assert fleet.host("hgx01").variables["nvidia_driver_version"] == 580
    assert fleet.host("a100-01").variables == {
        "nvidia_driver_version": "595.71.05",
        "docker_engine_users": ["alice"],
        "greeting": "{{ inventory_hostname }}",
        "secret": {"__ansible_vault": "$ANSIBLE_VAULT;1.1;AES256\n6231336539\n"},
        "since": "2024-01-02",
        "limits": {"memlock": True},
    }


def test_load_tells_what_is_desired_with_templates_rendered_and_secrets_hidden(inventory: Path) -> None:
    with inventory.open("a") as file:
        file.write("[gpu:vars]\ndocker_engine_version={{ limits.memlock }} {{ greeting }}\n")
        file.write(
            "nvidia_driver_repo_url={{ secret }}\nnvidia_mig_config_file={{ inventory_dir }}/mig.yml\n"
        )
    desired = load(inventory).host("a100-01").desired
    assert desired.get("nvidia_driver_version") == "595.71.05"
    assert desired.get("nvidia_driver_flavour") == "auto"
    assert desired.get("docker_engine_version") == "True a100-01"
    assert desired.get("nvidia_driver_repo_url") is HIDDEN
    assert desired.get("nvidia_mig_config_file") == str(inventory.parent / "mig.yml")


def test_load_returns_plain_values(inventory: Path) -> None:
    variables = load(inventory).host("hgx01").variables
    assert {type(value) for value in variables.values()} == {int, str, list, dict}
    assert type(variables["ansible_host"]) is str


def test_load_knows_the_line_of_the_definition_that_won(inventory: Path) -> None:
    fleet = load(inventory)
    hgx01, a100 = fleet.host("hgx01").variables, fleet.host("a100-01").variables
    assert isinstance(hgx01, Variables) and isinstance(a100, Variables)
    assert hgx01.sources["nvidia_driver_version"].line == 3
    assert a100.sources["nvidia_driver_version"].line == 7
    limits = a100.sources["limits"]
    assert (limits.path, limits.line) == (inventory.parent / "group_vars" / "all.yml", 5)


def test_load_leaves_standard_output_alone(inventory: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (inventory.parent / "group_vars" / "all.yml").write_text("when: never\n")  # Ansible warns of such a name
    load(inventory)
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")


@pytest.mark.parametrize(
    ("limit", "names"),
    [
        ("gpu", ("hgx01", "a100-01")),
        ("gpu:!hgx01", ("a100-01",)),
        ("all:&cpu", ("cpu01",)),
        ("*01", ("hgx01", "a100-01", "cpu01")),
        ("~^hgx", ("hgx01",)),
        ("cpu01,hgx01", ("hgx01", "cpu01")),
    ],
)
def test_limit_is_a_host_pattern(inventory: Path, limit: str, names: tuple[str, ...]) -> None:
    assert sorted(load(inventory, limit).names) == sorted(names)


@pytest.mark.parametrize(
    ("limit", "message", "hint"),
    [
        ("gpuu", "names `gpuu`, but no host or group", "did you mean `gpu`?"),
        ("gpu:!hgx1", "names `hgx1`, but no host or group", "did you mean `hgx01`?"),
        ("zzz*", "names `zzz*`, but no host or group", "known: a100-01, all, cpu, cpu01, gpu, hgx01"),
        ("localhost", "names `localhost`, but no host or group", "known: "),
        ("gpu:&cpu", "`--limit gpu:&cpu` leaves no host", "its parts exclude each other"),
        ("~(", "Invalid host list pattern", "a limit is an Ansible host pattern"),
        ("@nowhere", "Unable to find limit file", "a limit is an Ansible host pattern"),
    ],
)
def test_limit_must_match_something_in_each_part(
    inventory: Path, limit: str, message: str, hint: str
) -> None:
    with pytest.raises(InventoryError) as raised:
        load(inventory, limit)
    assert message in raised.value.message
    assert raised.value.hint is not None and hint in raised.value.hint


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "no inventory at `{i}`"),
        ({"i": ""}, "no hosts in `{i}`"),
        (
            {"i": "[gpu]\nh1 ok=1\nh2 broken here\n"},
            "`{i}:3`: Expected key=value host variable assignment, got: broken",
        ),
        ({"i": "\n[gpu\nh1\n"}, "`{i}:2`: the line is not complete"),
        (
            {"i": "[gpu:children]\nnowhere\n"},
            "`{i}:2`: Section [gpu:children] includes undefined group 'nowhere'",
        ),
        ({"i": "[gpu:colour]\nred\n"}, "`{i}:1`: Section [gpu:colour] has unknown type: colour"),
        (
            {"i": "h1\n", "group_vars/all.yml": "a: b\n c: d\n"},
            "group_vars/all.yml:2`: Mapping values are not allowed",
        ),
        ({"i.yml": "all:\n  hosts: {h1: [}\n"}, "i.yml:2`:"),
    ],
)
def test_a_broken_inventory_is_told_with_its_place(
    tmp_path: Path, files: dict[str, str], message: str
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    path = tmp_path / next(iter(files), "i")
    with pytest.raises(InventoryError) as raised:
        load(path)
    assert message.format(i=path) in raised.value.message
    assert "\n" not in raised.value.message
    assert raised.value.hint
    assert raised.value.exit_code == 2


def test_one_broken_file_of_a_directory_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("all: {hosts: {h1: {}}}\n")
    (tmp_path / "b.yml").write_text("all: [\n")
    with pytest.raises(InventoryError, match=r"b\.yml:2"):
        load(tmp_path)


def test_a_readme_in_a_directory_is(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("all: {hosts: {h1: {}}}\n")
    (tmp_path / "README.md").write_text("# our fleet: it = is [\n\nSome words here.\n")
    assert load(tmp_path).names == ("h1",)


def test_a_list_of_hosts_needs_no_file() -> None:
    assert load(Path("h1,h2,")).names == ("h1", "h2")


def test_a_vaulted_file_is_read_as_often_as_one_likes(inventory: Path) -> None:
    """In a process of its own: Ansible reads its configuration once."""
    (inventory.parent / "password").write_text("s3cret\n")
    environment = {**os.environ, "ANSIBLE_VAULT_PASSWORD_FILE": str(inventory.parent / "password")}
    vaulted = inventory.parent / "group_vars" / "gpu.yml"
    vaulted.write_text("greeting: hello\n")
    vault = Path(sys.executable).with_name("ansible-vault")
    subprocess.run([vault, "encrypt", vaulted], env=environment, check=True, capture_output=True)
    program = (
        "from pathlib import Path; from provision.inventory import load; import sys\n"
        "for _ in range(2): print(load(Path(sys.argv[1])).host('hgx01').variables['greeting'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, inventory],
        env=environment, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout.split() == ["hello", "hello"], done.stderr


@pytest.mark.parametrize("name", ["gone", "folder", "empty", "failing"])
def test_a_vault_password_that_cannot_be_read_is_a_usage_error(inventory: Path, name: str) -> None:
    """In a process of its own: Ansible reads its configuration once."""
    place = inventory.parent / name
    (inventory.parent / "folder").mkdir()
    (inventory.parent / "empty").touch()
    (inventory.parent / "failing").write_text("#!/bin/sh\nexit 1\n")
    (inventory.parent / "failing").chmod(0o700)
    done = subprocess.run(
        [sys.executable, "-m", "provision", "plan", "-i", inventory],
        env={**os.environ, "ANSIBLE_VAULT_PASSWORD_FILE": str(place)},
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    error, hint = done.stderr.splitlines()
    assert error.startswith("error: cannot read the vault's password: ") and name in error
    assert hint == "hint: set ANSIBLE_VAULT_PASSWORD_FILE to the file with the vault password"
