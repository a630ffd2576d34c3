"""Read an inventory with Ansible's own parser, in this process: half the time that `ansible-inventory` takes.

Every value also keeps the file and line that it came from, which the command's output would not have.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from provision import content
from provision.errors import InventoryError, UsageError
from provision.inventory import ansible_private, sourced
from provision.inventory.desired import desired
from provision.inventory.limit import check_names, limited
from provision.model.fleet import Fleet, Host

_EXAMPLE = "an Ansible inventory is wanted: a line such as `gpu-01 ansible_host=192.0.2.11` is one already"

_VAULT = "set ANSIBLE_VAULT_PASSWORD_FILE to the file with the vault password"

_NO_INVENTORY = frozenset({".md", ".rst", ".txt"})
"""In a directory, files of these kinds may lie beside the inventory; any other that is broken is an error."""


def load(inventory: Path, limit: str | None = None) -> Fleet:
    """Return the hosts of the inventory that the limit leaves, with their raw merged variables.

    Raises InventoryError for an inventory that is missing, cannot be read or has no hosts, for a host whose
    name is a pattern, and for a limit that names nothing, something unknown or leaves no host;
    UsageError for a vault's password that cannot be read.
    """
    listed = "," in str(inventory)
    if not listed and not inventory.exists():
        raise InventoryError(f"no inventory at `{inventory}`", hint=_EXAMPLE)
    # What decides about vault passwords and inventory plugins must be the same here and in the run.
    content.export_environment()
    manager, variables = _parse(str(inventory) if listed else str(inventory.absolute()), inventory)
    if not manager.hosts:
        raise InventoryError(f"no hosts in `{inventory}`", hint=_EXAMPLE)
    check_names(manager.hosts, inventory)
    hosts = limited(manager, inventory, limit)
    return Fleet(inventory, limit, tuple(_host(host, variables, inventory) for host in hosts))


def _parse(source: str, inventory: Path) -> tuple[Any, Any]:
    """Return Ansible's inventory and variable managers."""
    from ansible.inventory.manager import InventoryManager
    from ansible.parsing.dataloader import DataLoader
    from ansible.vars.manager import VariableManager

    loader = DataLoader()
    # As in the run: group_vars beside the playbook count, those of the working directory do not.
    loader.set_basedir(str(content.roles_directory().parent / "playbooks"))
    try:
        with ansible_private.failures():
            ansible_private.set_vault_secrets(loader)
    except Exception as error:  # a missing file, a folder, a program that fails
        raise UsageError(f"cannot read the vault's password: {_words(error)}", hint=_VAULT) from error
    with ansible_private.failures() as failed:
        try:
            manager = InventoryManager(loader=loader, sources=[source])
        except Exception as error:  # of the plugins, or of a host that is named as Ansible's own group is
            raise _unreadable(error, inventory) from error
    fatal = [error for error in failed if _kind(error) not in _NO_INVENTORY]
    if fatal:
        raise _unreadable(_telling(fatal), inventory)
    return manager, VariableManager(loader=loader, inventory=manager)


def _kind(failure: Exception) -> str:
    place = _place(failure)
    return place.path.suffix if place else ""


def _telling(failures: list[Exception]) -> Exception:
    """Return the failure that says where to look: several parsers tried, YAML first and INI last."""
    places = {error: place for error in failures if (place := _place(error)) and place.line}
    is_yaml = any(place.path.suffix in (".yml", ".yaml", ".json") for place in places.values())
    return next(iter(places if is_yaml else reversed(places)), failures[-1])


def _host(host: Any, variables: Any, inventory: Path) -> Host:  # noqa: ANN401 - Ansible has no types
    from ansible import constants
    from ansible.errors import AnsibleError

    with ansible_private.failures():
        try:
            found: Mapping[str, object] = variables.get_vars(host=host, include_hostvars=False)
        except AnsibleError as error:
            raise _unreadable(error, inventory) from error
    groups = tuple(
        sorted(group.name for group in host.get_groups() if group.name not in ("all", "ungrouped"))
    )
    raw = sourced.read(found, constants.INTERNAL_STATIC_VARS)
    read = Host(str(host.name), groups, raw, str(found.get("inventory_dir") or ""))
    return replace(read, desired=desired(read))


def _unreadable(error: Exception, inventory: Path) -> InventoryError:
    place = _place(error)
    where = f"`{place or inventory}`"
    hint = f"`ansible-inventory -i {inventory} --list` shows what Ansible makes of it"
    if "vault" in str(error):
        hint = _VAULT
    return InventoryError(f"cannot read inventory {where}: {_words(error)}", hint=hint)


def _words(error: Exception) -> str:
    """Return the innermost reason in Ansible's words, as one line without a full stop."""
    text = str(getattr(error, "message", error)).strip() or type(error).__name__
    for prefix in ("Failed to parse inventory: ", "YAML parsing failed: "):
        text = text.removeprefix(prefix)
    if "to unpack" in text:  # Python's words for a line such as `[gpu`, which the INI parser lets through
        return "the line is not complete"
    return text.splitlines()[0].rstrip(".")


def _place(error: BaseException) -> sourced.Source | None:
    """Return the file and line that the error is about: of itself or of an error that it wraps."""
    place: sourced.Source | None = None
    inner: BaseException | None = error
    while inner is not None:
        found = sourced.origin(getattr(inner, "obj", None))
        if found is not None and (place is None or place.line is None):
            place = found
        if place is not None and place.line is None:
            place = sourced.Source(place.path, ansible_private.ini_line(inner))
        inner = inner.__cause__ or inner.__context__
    return place
