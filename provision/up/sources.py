"""What this machine would run now: each role's variables and the digest of its files, read from disk."""

from collections.abc import Iterable
from functools import cache

from provision import content
from provision.inventory import load_specs
from provision.plan import Source
from provision.plugins.module_utils.receipts.inputs import content_digest, spec_variables


def load(roles: Iterable[str]) -> dict[str, Source]:
    """Return the roles by name, in the order given."""
    return {role: _read(role) for role in roles}


@cache
def _read(role: str) -> Source:
    folder = content.roles_directory()
    return Source(
        content_digest(str(folder / role), str(content.plugins_directory())),
        spec_variables(load_specs(folder).documents[role]),
    )
