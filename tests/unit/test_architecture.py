"""Rules of the house that no linter knows."""

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import Template

from provision.plugins.module_utils import bundle

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
    assert len(BUNDLED) >= 4


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


def shells(source: str) -> Iterator[int]:
    """Yield the lines that have a shell read what the program puts together: only words of ours may be read."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.keyword(arg="shell", value=ast.Constant(value=False)):
                continue
            case ast.keyword(arg="shell"):
                yield node.value.lineno
            case ast.Call(func=ast.Attribute(value=ast.Name(id="os"), attr="system" | "popen")):
                yield node.lineno
            case ast.List(elts=words) | ast.Tuple(elts=words):
                yield from _script(words)


def _script(words: list[ast.expr]) -> Iterator[int]:
    for shell, option, script in zip(words, words[1:], words[2:], strict=False):
        match shell, option:
            case ast.Constant(value=str(program)), ast.Constant(value=str(flags)):
                is_shell = program.rpartition("/")[2] in {"sh", "bash", "dash"} and flags.endswith("c")
                if is_shell and flags.startswith("-") and not _is_ours(script):
                    yield script.lineno


def _is_ours(script: ast.expr) -> bool:
    """Tell whether a script is written out, here or as a constant of the module."""
    return isinstance(script, ast.Constant) or (isinstance(script, ast.Name) and script.id.isupper())


WITH_A_SHELL = {
    # A ProxyCommand is a shell line by ssh's manual: the user's own, run as OpenSSH runs it.
    "provision/connect/proxy.py": 1,
    # The line that a host's own shell would read, quoted word by word.
    "provision/connect/local.py": 1,
}
"""Files in which a shell reads more than words of ours, at most at so many places, each for a reason."""


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_no_shell_reads_our_values(path: Path) -> None:
    assert len(list(shells(path.read_text()))) <= WITH_A_SHELL.get(name(path), 0)


@pytest.mark.parametrize(
    ("source", "is_found"),
    [
        ('run(f"rm {path}", shell=True)', True),
        ("run(line, shell=is_wanted)", True),
        ("run(argv, shell=False)", False),
        ('run(["/bin/sh", "-c", f"rm {path}"])', True),
        ('argv = ["sudo", "bash", "-lc", "rm " + path]', True),
        ('shlex.join(("sh", "-c", line))', True),
        ('run(["/bin/sh", "-c", \'rm "$1"\', "sh", path])', False),
        ('run(["/bin/sh", "-c", _REMOVE, path])', False),
        ('os.system("rm " + path)', True),
    ],
)
def test_a_shell_that_reads_our_values_is_found(source: str, is_found: bool) -> None:
    assert bool(list(shells(source))) is is_found


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


LOOKS = ("set_vars", "preflight")
CHANGES = ("install", "configure", "service")
HARMLESS = {
    "ansible.builtin.assert",
    "ansible.builtin.include_vars",
    "ansible.builtin.set_fact",
    "docker_daemon_info",
    "nvidia_driver_selection",
    "package_versions_info",
    "refusal",
}
"""Modules that change nothing on a host."""
KEYWORDS = {"name", "when", "vars", "register", "loop", "loop_control", "check_mode", "diff", "changed_when"}


def tasks_of(path: Path) -> list[dict[str, Any]]:
    """Return the tasks of a file, those in blocks instead of the blocks."""
    found: list[dict[str, Any]] = []
    for task in yaml.safe_load(path.read_text()):
        found += task.get("block", [task])
    return found


def module_of(task: dict[str, Any]) -> str:
    (module,) = set(task) - KEYWORDS
    return str(module)


def step_of(task: dict[str, Any]) -> str:
    """Return what a task of main.yml is: a step, by its file, or what becomes of the receipt."""
    options = task[module_of(task)]
    return str(options["state"] if module_of(task) == "role_receipt" else Path(options).stem)


@pytest.mark.parametrize("role", ROLES, ids=name)
def test_a_role_looks_then_withdraws_its_receipt_then_changes_then_writes_it(role: Path) -> None:
    files = {path.stem for path in (role / "tasks").glob("*.yml")}
    main = tasks_of(role / "tasks/main.yml")
    assert [step_of(task) for task in main] == [
        *(step for step in LOOKS if step in files),
        "withdrawn",
        *(step for step in CHANGES if step in files),
        "written",
    ]
    assert all(module_of(task) in ("role_receipt", "ansible.builtin.import_tasks") for task in main)
    assert not any("when" in task for task in main)


@pytest.mark.parametrize("role", ROLES, ids=name)
def test_what_a_role_runs_before_it_withdraws_its_receipt_changes_nothing(role: Path) -> None:
    for task in (task for step in LOOKS for task in _existing(role, step)):
        if module_of(task) == "ansible.builtin.include_tasks":
            (included,) = tasks_of(role / "tasks" / task["ansible.builtin.include_tasks"])
            looks = Template(included["check_mode"]).render(ansible_check_mode=False, **task["vars"])
            assert looks == "True", task["name"]
        else:
            assert module_of(task) in HARMLESS or task.get("check_mode") is True, task["name"]


def _existing(role: Path, step: str) -> list[dict[str, Any]]:
    path = role / f"tasks/{step}.yml"
    return tasks_of(path) if path.exists() else []


def test_a_step_has_the_same_name_in_every_role() -> None:
    names = {(step_of(task), task["name"]) for role in ROLES for task in tasks_of(role / "tasks/main.yml")}
    assert len(names) == len(dict(names)) == len(LOOKS) + len(CHANGES) + 2


def test_the_distribution_is_judged_by_the_same_text_in_every_role() -> None:
    texts = {role / "tasks/set_vars.yml": role.name for role in ROLES}
    found = {path.read_text().replace(role, "ROLE") for path, role in texts.items() if path.exists()}
    assert len(found) == 1


def test_roles_know_of_each_other_by_the_documented_fact_only() -> None:
    private = {role.name: re.compile(rf"__(?!{role.name}_)\w+") for role in ROLES}
    for role in ROLES:
        for path in role.glob("*/*.yml"):
            assert private[role.name].findall(path.read_text()) == [], name(path)


@pytest.mark.parametrize("path", sorted(ROOT.glob("roles/**/tasks/*.yml")), ids=name)
def test_tasks_hide_no_failure(path: Path) -> None:
    text = path.read_text()
    assert "ignore_errors" not in text
    assert "ansible.builtin.shell" not in text


@pytest.mark.parametrize(
    "path", [*ROOT.glob("roles/**/*.yml"), *ROOT.glob("provision/plugins/**/*.py")], ids=name
)
def test_a_refusal_is_no_word_of_a_message(path: Path) -> None:
    assert "refused: " not in path.read_text()


LOADER = ROOT / "provision/compat/matrix.py"
DECIDING = sorted({*ROOT.glob("provision/model/*.py"), *ROOT.glob("provision/plan/*.py")})
DECIDING += sorted({*ROOT.glob("provision/compat/*.py")} - {LOADER})
REACHING_OUT = frozenset(
    [
        "asyncio",
        "fcntl",
        "glob",
        "io",
        "os",
        "shutil",
        "socket",
        "sqlite3",
        "subprocess",
        "tempfile",
        "threading",
        "time",
        "urllib",
    ]
)
READING = frozenset(
    [
        "exists",
        "glob",
        "is_dir",
        "is_file",
        "iterdir",
        "mkdir",
        "open",
        "read_bytes",
        "read_text",
        "rglob",
        "stat",
        "touch",
        "unlink",
        "write_bytes",
        "write_text",
        "content_digest",
        "content_of",
    ]
)


def reaches_out(source: str) -> Iterator[str]:
    """Yield what in a module may read or write anything but its arguments."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from (each.name for each in names if each.name.partition(".")[0] in REACHING_OUT)
            case ast.ImportFrom(module=str(module), names=names):
                if module.partition(".")[0] in REACHING_OUT or module.startswith(
                    "provision.plugins.module_utils.host"
                ):
                    yield module
                yield from (each.name for each in names if each.name in READING | {"content", "yaml_file"})
            case ast.Call(func=ast.Name(id="open" | "print" | "input" as called)):
                yield called
            case ast.Call(func=ast.Attribute(attr=called)) if called in READING:
                yield called


@pytest.mark.parametrize("path", DECIDING, ids=name)
def test_decisions_read_and_write_nothing(path: Path) -> None:
    assert list(reaches_out(path.read_text())) == []


@pytest.mark.parametrize(
    "source",
    [
        "open(p)",
        "Path(p).read_text()",
        "import subprocess",
        "from os import path",
        "from provision import content",
    ],
)
def test_what_reads_or_writes_is_found(source: str) -> None:
    assert list(reaches_out(source))


ROOMS = [*ROOT.glob("provision/*/__init__.py"), *ROOT.glob("provision/plugins/module_utils/*/__init__.py")]


@pytest.mark.parametrize("door", ROOMS, ids=name)
def test_every_room_says_what_it_is(door: Path) -> None:
    assert ast.get_docstring(ast.parse(door.read_text()))


@cache
def doors() -> dict[str, list[str]]:
    """Return what the rooms of the controller hand out, by room; those that say nothing hand out modules."""
    found = {}
    for door in ROOT.glob("provision/*/__init__.py"):
        for node in ast.parse(door.read_text()).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                found[f"provision.{door.parent.name}"] = list(ast.literal_eval(node.value))
    return found


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_rooms_are_entered_by_the_door(path: Path) -> None:
    own = f"provision.{path.relative_to(ROOT / 'provision').parts[0]}"
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ImportFrom) or node.module is None:
            continue
        for room, handed_out in doors().items():
            if room == own:
                continue
            assert not node.module.startswith(f"{room}."), f"line {node.lineno}: {node.module}"
            if node.module == room:
                assert {each.name for each in node.names} <= set(handed_out), f"line {node.lineno}"


PLUGINS = ROOT / "provision/plugins"
TRAVELLING = sorted([*PLUGINS.glob("module_utils/**/*.py"), *PLUGINS.glob("modules/*.py")])


def foreign(source: str) -> Iterator[str]:
    """Yield what a file imports that neither lies beside it nor comes with Python."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                modules = [each.name for each in names]
            case ast.ImportFrom(module=str(module), level=0):
                modules = [module]
            case _:
                continue
        yield from (each for each in modules if each.partition(".")[0] not in sys.stdlib_module_names)


@pytest.mark.parametrize("path", TRAVELLING, ids=name)
def test_what_travels_to_hosts_needs_python_and_what_ansible_brings(path: Path) -> None:
    assert {each.rpartition(".")[0] for each in foreign(path.read_text())} <= {"ansible.module_utils"}


BUNDLED = [
    path for path in TRAVELLING if "\ndef main() -> " in path.read_text() and path.parent.name != "modules"
]


@pytest.mark.parametrize("path", BUNDLED, ids=name)
def test_what_travels_without_ansible_needs_python_alone(path: Path) -> None:
    entry = f"{path.parent.name}.{path.stem}"
    sources = bundle.closure([entry], bundle.reader(str(PLUGINS / "module_utils")))
    assert {path: found for path, text in sources.items() if (found := list(foreign(text)))} == {}


@pytest.mark.parametrize("source", ["import yaml", "from provision import content", "import dnf.base"])
def test_what_hosts_may_lack_is_found(source: str) -> None:
    assert list(foreign(source))
    assert not list(foreign("import os.path\nfrom ..host import files"))
