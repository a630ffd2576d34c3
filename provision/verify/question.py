"""What the checks ask of a host: one program, which gathers all that they judge."""

from provision.verify.wanted import Wanted

ENTRY = "asking.evidence"
_PULL_SECONDS = 900


def options(wanted: Wanted) -> dict[str, object]:
    """Return the options of the program for a host of which this is wanted."""
    return {
        "image": wanted.image,
        "pull": _PULL_SECONDS,
        "users": list(wanted.users),
        "default_runtime": wanted.default_runtime,
    }
