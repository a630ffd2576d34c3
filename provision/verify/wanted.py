"""What the inventory asks of a host that the checks must know: image, users, default runtime, CDI."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from provision import content, yaml_file
from provision.errors import VariableError
from provision.model.fleet import Host
from provision.plugins.module_utils.receipts.inputs import has_template

_VARIABLES = {
    "image": "nvidia_container_toolkit_test_image",
    "default_runtime": "nvidia_container_toolkit_default_runtime",
    "cdi": "nvidia_container_toolkit_cdi",
    "users": "docker_engine_users",
}


@dataclass(frozen=True)
class Wanted:
    """`image` is what the container checks start, `users` those who are to reach Docker without root.

    `mig` tells whether the inventory has a MIG layout for the host, whatever it says.
    """

    image: str | None = None
    default_runtime: bool = True
    cdi: bool = True
    users: tuple[str, ...] = ()
    mig: bool = False

    @classmethod
    def of(cls, host: Host) -> "Wanted":
        """Read the variables that reach the host, the roles' defaults included. Raises VariableError."""
        values = {noun: _value(host, variable) for noun, variable in _VARIABLES.items()}
        return cls(
            image=values["image"],
            default_runtime=values["default_runtime"] is not False,
            cdi=values["cdi"] is not False,
            users=tuple(str(user) for user in values["users"] or ()),
            mig=bool(host.variables.get("nvidia_mig_layout")),
        )


def _value(host: Host, variable: str) -> Any:  # noqa: ANN401 - what an inventory can hold
    value = host.variables.get(variable, _defaults().get(variable))
    if has_template(value):
        hint = "write its value out: checks run without Ansible"
        raise VariableError(f"`{variable}` of {host.name} is a template", hint=hint)
    return value


@cache
def _defaults() -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    for role in ("docker_engine", "nvidia_container_toolkit"):
        path = content.roles_directory() / role / "defaults" / "main.yml"
        found |= yaml_file.read(path) or {}
    return found
