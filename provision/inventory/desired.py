"""Reads what the inventory asks of a host: its variables over the roles' defaults, templates rendered."""

from collections.abc import Mapping
from functools import cache
from typing import NoReturn

from provision import content
from provision.connect.variables import UnresolvedError, Variables
from provision.inventory.specs import load_specs
from provision.model.desired import HIDDEN, Desired
from provision.model.fleet import Host


def desired(host: Host) -> Desired:
    """Return every variable of the roles on the host. Reads the roles' specifications once."""
    variables = Variables(host, _stay_sealed, _defaults())
    return Desired({name: _value(variables, name) for name in _defaults()})


def _value(variables: Variables, name: str) -> object:
    try:
        return variables.value(name)
    except UnresolvedError:
        return HIDDEN


@cache
def _defaults() -> Mapping[str, object]:
    options = load_specs(content.roles_directory()).options
    return {name: option.spec.get("default") for name, option in options.items()}


def _stay_sealed(_: str) -> NoReturn:
    """Let no secret out of its vault for a decision."""
    raise UnresolvedError("vaulted value")
