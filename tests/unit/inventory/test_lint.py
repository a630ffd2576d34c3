"""Role variables that are unknown, misspelt or of the wrong type; foreign ones are left alone."""

from pathlib import Path

import pytest

from provision import content
from provision.errors import VariableError
from provision.inventory import check_variables, load
from provision.inventory.lint import find_problems
from provision.inventory.specs import load_specs
from provision.model.fleet import Fleet, Host

_SPECS = {
    "nvidia_driver": """
argument_specs:
  main:
    options:
      nvidia_driver_version: {type: str, default: "580"}
      nvidia_driver_flavour: {type: str, choices: [auto, open, proprietary], default: auto}
      nvidia_driver_allow_reboot: {type: bool, default: false}
      nvidia_driver_repo_key_fingerprints: {type: list, elements: str, default: []}
      nvidia_driver_token: {type: int, no_log: true}
""",
    "docker_engine": """
argument_specs:
  main:
    options:
      docker_engine_options: {type: dict, default: {}}
      docker_engine_users: {type: list, elements: str, default: []}
      docker_engine_repo_url: {type: str}
""",
}


@pytest.fixture
def roles(tmp_path: Path) -> Path:
    for role, text in _SPECS.items():
        meta = tmp_path / "roles" / role / "meta"
        meta.mkdir(parents=True)
        (meta / "argument_specs.yml").write_text(text)
    return tmp_path / "roles"


def _fleet(**variables: object) -> Fleet:
    return Fleet(Path("fleet.ini"), None, (Host("h1", (), variables), Host("h2", (), {})))


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("nvidia_driver_vresion", "did you mean `nvidia_driver_version`?"),
        ("nvidia_drvier_version", "did you mean `nvidia_driver_version`?"),
        ("nvida_driver_flavour", "did you mean `nvidia_driver_flavour`?"),
        ("docker_engine_option", "did you mean `docker_engine_options`?"),
        ("docker_engin_users", "did you mean `docker_engine_users`?"),
        (
            "docker_engine_zzz_qqqqqqqq",
            "role docker_engine knows docker_engine_options, docker_engine_repo_url",
        ),
    ],
)
def test_a_misspelt_variable_is_named_with_the_nearest(roles: Path, name: str, hint: str) -> None:
    (problem,) = find_problems(_fleet(**{name: 1}), load_specs(roles))
    assert problem.message == f"unknown variable `{name}` of host h1"
    assert problem.hint.startswith(hint)


@pytest.mark.parametrize(
    "name",
    [
        "docker_users",
        "docker_daemon_options",
        "nvidia_gpu_count",
        "slurm_version",
        "cuda_version",
        "ansible_host",
        "docker_edition",
    ],
)
def test_variables_of_other_tools_are_left_alone(roles: Path, name: str) -> None:
    assert find_problems(_fleet(**{name: ["anything"]}), load_specs(roles)) == ()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "nvidia_driver_flavour",
            "opne",
            "`nvidia_driver_flavour` must be one of auto, open, proprietary, not `opne`",
        ),
        (
            "nvidia_driver_allow_reboot",
            "maybe",
            "`nvidia_driver_allow_reboot` must be true or false, not `maybe`",
        ),
        ("nvidia_driver_version", ["580"], "`nvidia_driver_version` must be a string, not a list,"),
        ("docker_engine_options", "none", "`docker_engine_options` must be a mapping, not `none`"),
        ("docker_engine_users", {"a": 1}, "`docker_engine_users` must be a list, not `{'a': 1}`"),
        ("nvidia_driver_token", "hunter2", "`nvidia_driver_token` must be a whole number"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(roles: Path, name: str, value: object, message: str) -> None:
    (problem,) = find_problems(_fleet(**{name: value}), load_specs(roles))
    assert problem.message == f"{message} of host h1"
    assert "hunter2" not in problem.message + problem.hint
    assert problem.hint.startswith("the README of role ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("nvidia_driver_version", 580),
        ("nvidia_driver_version", 580.95),
        ("nvidia_driver_allow_reboot", "true"),
        ("nvidia_driver_allow_reboot", "yes"),
        ("nvidia_driver_allow_reboot", "{{ maintenance }}"),
        ("nvidia_driver_allow_reboot", {"__ansible_vault": "$ANSIBLE_VAULT;1.1;AES256"}),
        ("docker_engine_users", ["alice", "{{ operator }}"]),
        ("docker_engine_options", {"log-driver": "json-file"}),
        ("docker_engine_repo_url", None),
    ],
)
def test_values_that_the_run_accepts_pass(roles: Path, name: str, value: object) -> None:
    assert find_problems(_fleet(**{name: value}), load_specs(roles)) == ()


@pytest.mark.parametrize("value", ["alice,bob", "alice", 7])
def test_a_list_is_written_as_one(roles: Path, value: object) -> None:
    """Ansible's validator would take these, and the role would count the letters."""
    (problem,) = find_problems(_fleet(docker_engine_users=value), load_specs(roles))
    assert f"`docker_engine_users` must be a list, not `{value}`" in problem.message


def test_the_error_names_file_and_line_once(
    tmp_path: Path, roles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "gpu.yml").write_text("---\nnvidia_driver_vresion: 580\n")
    inventory = tmp_path / "fleet.ini"
    inventory.write_text("[gpu]\nh1\nh2\n[gpu:vars]\nnvidia_driver_flavour=opne\n")
    monkeypatch.setattr(content, "roles_directory", lambda: roles)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(VariableError) as raised:
        check_variables(load(inventory))
    assert (raised.value.message, raised.value.hint) == (
        "`nvidia_driver_flavour` must be one of auto, open, proprietary, not `opne` in fleet.ini:5",
        "the README of role nvidia_driver describes `nvidia_driver_flavour`; its default is `auto`"
        " (and 1 more: `nvidia_driver_vresion` in group_vars/gpu.yml:2)",
    )
