"""Adds to a receipt what only the control machine knows: the inputs of the role."""

import importlib
import importlib.util
import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Optional

import yaml
from ansible._internal._datatag._tags import Origin
from ansible.constants import INTERNAL_STATIC_VARS
from ansible.errors import AnsibleActionFail
from ansible.module_utils._internal._datatag import AnsibleTagHelper
from ansible.parsing.vault import EncryptedString, VaultHelper
from ansible.plugins.action import ActionBase
from ansible.vars.manager import VariableManager

_PLUGINS = Path(__file__).resolve().parents[1]


def _module_utils(name: str) -> ModuleType:
    # In a clone ansible-core loads this file by its path alone, without a package around it.
    package = "provision_module_utils"
    if package not in sys.modules:
        folder = _PLUGINS / "module_utils"
        specification = importlib.util.spec_from_file_location(
            package, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        if specification is None:
            raise ImportError(str(folder))
        sys.modules[package] = importlib.util.module_from_spec(specification)
    return importlib.import_module(package + "." + name)


receipt_inputs = _module_utils("receipts.inputs")


class ActionModule(ActionBase):  # type: ignore[misc]
    """Hands the task to the module of the same name, with `inputs` filled in."""

    TRANSFERS_FILES = False

    def run(self, tmp: Optional[str] = None, task_vars: Optional[dict[str, Any]] = None) -> dict[str, Any]:
        """Run the module; see its documentation for the arguments."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        if arguments.get("state") == "written" and not self._task.check_mode:
            arguments["inputs"] = self._inputs(task_vars or {})
        result.update(
            self._execute_module(module_name="role_receipt", module_args=arguments, task_vars=task_vars)
        )
        return result

    def _inputs(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        if self._task._role is None:
            raise AnsibleActionFail("`role_receipt` is a task of a role, and this task is in none")
        role = Path(self._task._role._role_path)
        specs = receipt_inputs.spec_variables(_load_specs(role))
        raw = self._variables(task_vars, specs)
        record: dict[str, Any] = receipt_inputs.record(
            salt=secrets.token_hex(16),
            content=receipt_inputs.content_digest(str(role), str(_PLUGINS)),
            specs=specs,
            variables=receipt_inputs.with_files(specs, _plain(raw), task_vars.get("inventory_dir") or ""),
            unreadable=frozenset(name for name in specs if name in raw and _is_in_vaulted_file(raw[name])),
        )
        return record

    def _variables(self, task_vars: dict[str, Any], specs: dict[str, bool]) -> dict[str, Any]:
        """Return the raw values that reached the role.

        These are the inventory's, as the controller sees them, and over them whatever else won for this run:
        extra variables, variables of a play or of the role's inclusion. The role's own defaults are not among
        them: its files are hashed.
        """
        running = task_vars["hostvars"]._variable_manager
        manager = VariableManager(loader=running._loader, inventory=running._inventory)
        manager._extra_vars = {}
        host = running._inventory.get_host(task_vars["inventory_hostname"])
        values: dict[str, Any] = manager.get_vars(host=host, include_hostvars=False)
        values.update(self._task.play.get_vars())
        values.update(running._extra_vars)
        defaults = self._task._role.get_default_vars()
        for name in specs:
            if name in task_vars and (name in values or task_vars[name] != defaults.get(name)):
                values[name] = task_vars[name]
        return {name: value for name, value in values.items() if name not in INTERNAL_STATIC_VARS}


def _load_specs(role: Path) -> dict[str, Any]:
    for name in ("argument_specs.yml", "argument_specs.yaml"):
        path = role / "meta" / name
        if path.is_file():
            return yaml.safe_load(path.read_text()) or {}
    return {}


def _plain(value: object) -> object:
    """Return the value as the controller reads it from the inventory: a vaulted string as its ciphertext."""
    if isinstance(value, EncryptedString):
        ciphertext = VaultHelper.get_ciphertext(value, with_tags=False)
        return {receipt_inputs.VAULTED: str(ciphertext)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    native: object = AnsibleTagHelper.as_native_type(value)
    return native if native is None or isinstance(native, (str, int, float)) else str(native)


def _is_in_vaulted_file(value: object) -> bool:
    origin = Origin.get_tag(value)
    path = getattr(origin, "path", None)
    if not path or not os.path.isfile(path):
        return False
    with open(path, "rb") as file:
        return file.read(14) == b"$ANSIBLE_VAULT"
