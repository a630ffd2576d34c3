"""Adds to a receipt what only the control machine knows: the inputs of the role."""

import importlib
import importlib.util
import secrets
import sys
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, Optional

import yaml
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

_PLUGINS = Path(__file__).resolve().parents[1]


def _beside(name: str) -> ModuleType:
    # In a clone ansible-core loads this file by its path alone, without a package around it.
    package = "provision_plugins"
    if package not in sys.modules:
        specification = importlib.util.spec_from_file_location(
            package, _PLUGINS / "__init__.py", submodule_search_locations=[str(_PLUGINS)]
        )
        if specification is None:
            raise ImportError(str(_PLUGINS))
        sys.modules[package] = importlib.util.module_from_spec(specification)
    return importlib.import_module(f"{package}.{name}")


ansible_private = _beside("plugin_utils.ansible_private")
receipt_inputs = _beside("module_utils.receipts.inputs")


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
        role = ansible_private.role_folder(self._task)
        if role is None:
            raise AnsibleActionFail("`role_receipt` is a task of a role, and this task is in none")
        specs = receipt_inputs.spec_variables(_load_specs(role))
        raw = ansible_private.reaching(self._task, task_vars, specs)
        plain = ansible_private.plain(raw)
        read = partial(receipt_inputs.content_of, folder=task_vars.get("inventory_dir") or "")
        record: dict[str, Any] = receipt_inputs.record(
            salt=secrets.token_hex(16),
            content=receipt_inputs.content_digest(str(role), str(_PLUGINS)),
            specs=specs,
            variables=receipt_inputs.with_files(specs, plain, read),
            unreadable=frozenset(name for name in specs if name in raw and _is_in_vaulted_file(raw[name])),
        )
        return record


def _load_specs(role: Path) -> dict[str, Any]:
    for name in ("argument_specs.yml", "argument_specs.yaml"):
        path = role / "meta" / name
        if path.is_file():
            return yaml.safe_load(path.read_text()) or {}
    return {}


def _is_in_vaulted_file(value: object) -> bool:
    place: Optional[Any] = ansible_private.origin(value)
    if place is None or not place.path.is_file():
        return False
    with place.path.open("rb") as file:
        return bool(file.read(14) == b"$ANSIBLE_VAULT")
