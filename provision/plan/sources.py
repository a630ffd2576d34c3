"""What the controller would run now: each role's variables and the digest of its files."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from provision import content
from provision.inventory.specs import load_specs
from provision.plugins.module_utils.receipts.inputs import content_digest, is_consent


@dataclass(frozen=True)
class Source:
    """One role: the digest of its files and plugins, and its variables, each with whether it is secret."""

    content: str
    variables: Mapping[str, bool]


def load(roles: Iterable[str]) -> dict[str, Source]:
    """Read the roles from disk."""
    folder = content.roles_directory()
    options = load_specs(folder).options.values()
    return {
        role: Source(
            content_digest(str(folder / role), str(content.plugins_directory())),
            {
                option.name: option.secret
                for option in options
                if option.role == role and not is_consent(option.name)
            },
        )
        for role in roles
    }
