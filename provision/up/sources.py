"""What this machine would run now: each role's variables and the digest of its files, read from disk."""

from collections.abc import Iterable

from provision import content
from provision.inventory import load_specs
from provision.plan import Source
from provision.plugins.module_utils.receipts.inputs import content_digest, spec_variables


def load(roles: Iterable[str]) -> dict[str, Source]:
    """Return the roles by name, in the order given."""
    folder = content.roles_directory()
    documents = load_specs(folder).documents
    return {
        role: Source(
            content_digest(str(folder / role), str(content.plugins_directory())),
            spec_variables(documents[role]),
        )
        for role in roles
    }
