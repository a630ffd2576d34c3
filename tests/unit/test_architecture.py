"""Rules of the house that no linter knows."""

import ast
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(ROOT.glob("provision/**/*.py"))
# Programs that run by themselves on lab hosts, as the ones that they stand for do.
PROGRAMS = ("provision/lab/hardware/host/", "provision/lab/packages/doubles/")
ROLES = sorted(path.parent for path in ROOT.glob("roles/*/tasks"))
LONGEST = 400


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_there_is_something_to_check() -> None:
    assert len(SOURCES) > 50
    assert len(ROLES) >= 3


@pytest.mark.parametrize(
    "path",
    sorted(
        {
            *SOURCES,
            *ROOT.glob("provision/**/*.[ch]"),
            *ROOT.glob("roles/**/*.yml"),
            *ROOT.glob("tests/**/*.py"),
        }
    ),
    ids=name,
)
def test_a_file_holds_one_thought(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_only_the_command_line_prints_and_exits(path: Path) -> None:
    if name(path).startswith(("provision/cli/", *PROGRAMS)):
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in {"print", "sys.exit", "exit", "quit"}, f"line {node.lineno}: {called}"


@pytest.mark.parametrize("path", [*SOURCES, *ROOT.glob("scripts/*")], ids=name)
def test_no_shell_reads_our_values(path: Path) -> None:
    assert "shell=True" not in path.read_text()


@pytest.mark.parametrize("role", ROLES, ids=name)
def test_a_role_has_its_interface_its_readme_and_its_receipt(role: Path) -> None:
    specs = yaml.safe_load((role / "meta/argument_specs.yml").read_text())["argument_specs"]["main"]
    assert specs["short_description"]
    for variable, spec in specs["options"].items():
        assert variable.startswith(f"{role.name}_"), variable
        assert spec["description"], variable
        assert spec["type"], variable
    readme = (role / "README.md").read_text()
    assert all(variable in readme for variable in specs["options"])
    assert len((role / "tasks/main.yml").read_text().splitlines()) <= 80
    tasks = "".join(path.read_text() for path in (role / "tasks").glob("*.yml"))
    assert "state: withdrawn" in tasks
    assert "state: written" in tasks


@pytest.mark.parametrize("path", sorted(ROOT.glob("roles/**/tasks/*.yml")), ids=name)
def test_tasks_hide_no_failure(path: Path) -> None:
    text = path.read_text()
    assert "ignore_errors" not in text
    assert "ansible.builtin.shell" not in text
