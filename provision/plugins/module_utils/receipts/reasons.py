"""Why a role has to run, as values: made where a difference is found, told to people last.

What follows from a reason is decided by its kind, and where that takes more by its subject; never by its text.
"""

from enum import Enum
from typing import Any, Dict, Mapping, NamedTuple

_LONGEST = 500
"""Characters of one text of a host's that are read."""


class Kind(str, Enum):
    """What kind of thing differs. Who knows a reason's kind only as UNKNOWN takes the worst for granted."""

    # Resources of a receipt, by the names that they have there: see `receipts.resources`.
    GPUS = "gpus"
    MIG = "mig"
    KERNEL_MODULES = "kernel_modules"
    NOUVEAU_ABSENT = "nouveau_absent"
    PACKAGES = "packages"
    PROGRAMS = "programs"
    FILES = "files"
    ABSENT = "absent"
    JSON_KEYS = "json_keys"
    GROUPS = "groups"
    UNITS = "units"
    CDI = "cdi"
    UNMEASURED = "unmeasured"
    """A kind of resource that only one of the two measurements has; the subject names it."""

    VARIABLE = "variable"
    """The subject is a variable of the role."""
    TEMPLATE = "template"
    """The subject is a variable of the role whose template may refer to something that changed."""
    CONTENT = "content"
    """The files of the role, or the plugins that it runs."""

    NEVER_APPLIED = "never_applied"
    FULL = "full"
    """All was asked for, whatever the receipts say."""
    FOLLOWS = "follows"
    """The subject is another role that will undo what this one did."""
    UNSUPPORTED = "unsupported"

    UNKNOWN = "unknown"

    @classmethod
    def _missing_(cls, _value: object) -> "Kind":
        return cls.UNKNOWN


class Reason(NamedTuple):
    """One reason: what kind of thing differs, which one it is, and a sentence about it for people."""

    kind: Kind
    subject: str
    text: str


def as_json(reason: Reason) -> Dict[str, str]:
    """Return the reason as JSON has it."""
    return {"kind": reason.kind.value, "subject": reason.subject, "text": reason.text}


def from_json(data: Mapping[str, Any]) -> Reason:
    """Return a reason that another machine told. Its texts are cut to a bearable length."""
    return Reason(
        Kind(data.get("kind")), str(data.get("subject"))[:_LONGEST], str(data.get("text"))[:_LONGEST]
    )
