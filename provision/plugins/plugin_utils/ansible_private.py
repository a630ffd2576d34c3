"""What ansible-core keeps to itself and plugins of ours need: where values come from, and what reached a role.

Everything of the kind is here and in `provision/inventory/ansible_private.py`, so that a new ansible-core is two
files to look at. tests/unit/plugins/plugin_utils/test_ansible_private.py holds it to what is used.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Optional

from ansible._internal._datatag._tags import Origin
from ansible.constants import INTERNAL_STATIC_VARS
from ansible.module_utils._internal._datatag import AnsibleTagHelper
from ansible.parsing.vault import EncryptedString, VaultHelper
from ansible.vars.manager import VariableManager

from ..module_utils.receipts.inputs import VAULTED


class Place(NamedTuple):
    """Where Ansible read a value; `line` is None where it does not know."""

    path: Path
    line: Optional[int]


def plain(value: object) -> Any:  # noqa: ANN401 - as JSON knows it
    """Return a value of Ansible's as JSON knows it: templates unresolved, a vaulted string as its ciphertext."""
    if isinstance(value, EncryptedString):
        return {VAULTED: str(VaultHelper.get_ciphertext(value, with_tags=False))}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    # Not Ansible's tagged subclass of str or int: it would follow every copy and comparison.
    native: object = AnsibleTagHelper.as_native_type(value)
    return native if native is None or isinstance(native, (str, int, float)) else str(native)


def origin(tagged: object) -> Optional[Place]:
    """Return where Ansible read a value, or what an error is about, if it kept that."""
    tag = tagged if isinstance(tagged, Origin) else Origin.get_tag(tagged)
    return Place(Path(tag.path), tag.line_num or None) if tag is not None and tag.path else None


def role_folder(task: Any) -> Optional[Path]:  # noqa: ANN401 - Ansible has no types
    """Return the folder of the role that a task belongs to, None for a task of a play."""
    return None if task._role is None else Path(task._role._role_path)


def reaching(task: Any, task_vars: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:  # noqa: ANN401
    """Return the raw values that reached a task's role, and all else that a template of the inventory may use.

    These are the inventory's, as the controller sees them, and over them whatever else won for this run: extra
    variables, variables of a play or of the role's inclusion. Of `names`, the role's own defaults are left out.
    """
    running = task_vars["hostvars"]._variable_manager
    manager = VariableManager(loader=running._loader, inventory=running._inventory)
    manager._extra_vars = {}
    host = running._inventory.get_host(task_vars["inventory_hostname"])
    values: dict[str, Any] = manager.get_vars(host=host, include_hostvars=False)
    values.update(task.play.get_vars())
    values.update(running._extra_vars)
    defaults = task._role.get_default_vars()
    for name in names:
        if name in task_vars and (name in values or task_vars[name] != defaults.get(name)):
            values[name] = task_vars[name]
    return {name: value for name, value in values.items() if name not in INTERNAL_STATIC_VARS}
