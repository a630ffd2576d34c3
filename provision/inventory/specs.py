"""What the roles accept: every variable of every role, read from the roles' argument specifications."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from provision import yaml_file


@dataclass(frozen=True)
class Option:
    """One variable of one role; `spec` is its entry in meta/argument_specs.yml."""

    name: str
    role: str
    spec: Mapping[str, object]

    @property
    def secret(self) -> bool:
        """Tell whether the value must never be shown."""
        return bool(self.spec.get("no_log"))


@dataclass(frozen=True)
class Specs:
    """All roles and their variables. `documents` are their argument_specs.yml, parsed, by role."""

    documents: Mapping[str, Mapping[str, Any]]
    options: Mapping[str, Option]

    @property
    def roles(self) -> tuple[str, ...]:
        """Return the names of the roles, sorted."""
        return tuple(self.documents)


@cache
def load_specs(roles: Path) -> Specs:
    """Read `<role>/meta/argument_specs.yml` of every role in the folder, all entry points together."""
    files = sorted(roles.glob("*/meta/argument_specs.yml"))
    documents = {file.parents[1].name: yaml_file.read(file) for file in files}
    options: dict[str, Option] = {}
    for role, document in documents.items():
        for entry in document["argument_specs"].values():
            for name, spec in (entry.get("options") or {}).items():
                options[name] = Option(name, role, spec)
    return Specs(documents, options)
