"""Options that several commands share, each a decorator; what they mean is decided here once."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from provision import content
from provision.errors import UsageError

if TYPE_CHECKING:
    from provision.up import Effects

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Selection:
    """Which hosts a command is about: an inventory, narrowed by a host pattern of Ansible's."""

    inventory: Path
    limit: str | None


def unknown(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """Return the error for a name that does not exist, with the nearest one or all of them as hint."""
    names = list(known)
    near = get_close_matches(name, names, n=1)
    hint = f"did you mean `{near[0]}`?" if near else f"known: {', '.join(names)}"
    return UsageError(f"unknown {kind} `{name}`", hint=hint)


def _inventory(_context: click.Context, _option: click.Parameter, value: str | None) -> Path:
    # An empty name would be the working directory, and all that lies there.
    if value is None or not value.strip():
        raise UsageError("no inventory given", hint="pass `-i INVENTORY` or set PROVISION_INVENTORY")
    return Path(value)


def inventory(command: F) -> F:
    """Add `-i/--inventory`; the command gets `inventory: Path`."""

    @click.option(
        "-i",
        "--inventory",
        envvar="PROVISION_INVENTORY",
        callback=_inventory,
        help="Ansible inventory: a file or a directory. Also from PROVISION_INVENTORY.",
    )
    @wraps(command)
    def wrapper(*args: object, inventory: Path, **options: object) -> object:
        return command(*args, inventory=inventory, **options)

    return wrapper  # type: ignore[return-value]


def selection(command: F) -> F:
    """Add `-i/--inventory` and `--limit`; the command gets them as `selection: Selection`."""

    @inventory
    @click.option("-l", "--limit", metavar="PATTERN", help="Only hosts that match this Ansible host pattern.")
    @wraps(command)
    def wrapper(*args: object, inventory: Path, limit: str | None, **options: object) -> object:
        return command(*args, selection=Selection(inventory, limit), **options)

    return wrapper  # type: ignore[return-value]


def _roles(_context: click.Context, _option: click.Parameter, value: str | None) -> tuple[str, ...]:
    if value is None:
        return content.ROLES
    names = {name.strip() for name in value.split(",")} - {""}
    for name in sorted(names.difference(content.ROLES)):
        raise unknown("role", name, content.ROLES)
    if not names:
        raise UsageError("`--only` names no role", hint=f"known: {', '.join(content.ROLES)}")
    return tuple(role for role in content.ROLES if role in names)


def only(command: F) -> F:
    """Add `--only ROLE[,ROLE]`; the command gets `roles: tuple[str, ...]`, in the order in which they run."""
    option = click.option("--only", "roles", metavar="ROLE[,ROLE]", callback=_roles, help="Only these roles.")
    return option(command)


def as_json(command: F) -> F:
    """Add `--json`; the command gets `as_json: bool`, and then one document is all it prints on stdout."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")(command)


def yes(command: F) -> F:
    """Add `--yes`; the command gets `yes: bool` and then asks nothing."""
    return click.option("--yes", is_flag=True, help="Do not ask before disrupting a host.")(command)


def effects() -> "Effects":
    """Return what the command that runs reaches hosts through: what `cli.run` was given, else the real thing."""
    from provision.up import RealEffects

    return click.get_current_context().obj or RealEffects()
