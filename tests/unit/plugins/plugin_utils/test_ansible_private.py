"""What ansible-core keeps to itself is used in two files, and is as these files take it to be."""

import ast
import inspect
import re
from pathlib import Path

import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultSecretsContext
from ansible.playbook.block import Block
from ansible.playbook.play import Play
from ansible.playbook.role import Role
from ansible.playbook.task import Task
from ansible.utils.display import Display
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager

from provision.plugins.plugin_utils import ansible_private

ROOT = Path(__file__).resolve().parents[4]
PRIVATE = {
    "provision/inventory/ansible_private.py",
    "provision/plugins/plugin_utils/ansible_private.py",
}
ATTRIBUTES = {"_role", "_role_path", "_variable_manager", "_loader", "_inventory", "_extra_vars", "_play"}


def uses(source: str) -> list[str]:
    """Return what a module takes of Ansible that Ansible does not offer."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and re.match(r"ansible\b.*\._", node.module or ""):
            found.append(node.module or "")
        if isinstance(node, ast.Attribute) and node.attr in ATTRIBUTES:
            inner = node.value
            if not (isinstance(inner, ast.Name) and inner.id == "self"):
                found.append(ast.unparse(node))
    return found


def test_two_files_use_what_ansible_keeps_to_itself() -> None:
    found = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "provision").rglob("*.py")
        if uses(path.read_text()) and "lab" not in path.relative_to(ROOT).parts
    }
    assert found - {"provision/inventory/ansible_private.py"} == PRIVATE - {
        "provision/inventory/ansible_private.py"
    }


@pytest.mark.parametrize(
    "source",
    ["from ansible._internal import x", "from ansible.module_utils._internal.y import x", "task._role.name"],
)
def test_such_a_use_is_found(source: str) -> None:
    assert uses(source)


def test_a_task_knows_its_role_and_the_role_its_folder(tmp_path: Path) -> None:
    (tmp_path / "roles/demo/tasks").mkdir(parents=True)
    (tmp_path / "roles/demo/tasks/main.yml").write_text("[{name: Do, debug: }]")
    loader = DataLoader()
    loader.set_basedir(str(tmp_path))
    data = {"hosts": "all", "roles": ["demo"], "tasks": [{"name": "By itself", "debug": None}]}
    play = Play.load(data, variable_manager=VariableManager(loader=loader), loader=loader)
    (role,) = play.get_roles()
    assert isinstance(role, Role)
    inside = role.get_task_blocks()[0].block[0]
    outside = next(block.block[0] for block in play.tasks if isinstance(block, Block))
    assert isinstance(inside, Task)
    assert ansible_private.role_folder(inside) == tmp_path / "roles/demo"
    assert ansible_private.role_folder(outside) is None
    assert inside.get_name(include_role_fqcn=False) == "demo : Do"
    assert outside.get_name(include_role_fqcn=False) == "By itself"


def test_the_variables_of_a_run_lead_to_its_inventory() -> None:
    loader = DataLoader()
    inventory = InventoryManager(loader=loader, sources=["h1,"])
    manager = VariableManager(loader=loader, inventory=inventory)
    running = HostVars(inventory=inventory, variable_manager=manager, loader=loader)._variable_manager
    assert (running._loader, running._inventory) == (loader, inventory)
    assert running._extra_vars == {}


def test_what_fails_in_an_inventory_is_told_to_the_display() -> None:
    parameters = inspect.signature(Display.error_as_warning).parameters
    assert list(parameters)[:3] == ["self", "msg", "exception"]
    assert callable(VaultSecretsContext.current)
