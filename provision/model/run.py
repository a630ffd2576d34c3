"""What became of the hosts in one run of `up`. Pure values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    """How one host ended."""

    CONVERGED = "converged"
    CHANGED = "changed"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    SKIPPED = "skipped"


class RoleOutcome(StrEnum):
    """How one role ended on one host; SKIPPED was not run because it was converged or not selected."""

    SKIPPED = "skipped"
    OK = "ok"
    CHANGED = "changed"
    FAILED = "failed"


@dataclass(frozen=True)
class HostRun:
    """One host: its outcome, that of each role, and why it failed, was refused or was skipped.

    `changes` are (role, subject) pairs: files and packages by name, as `plan --diff` predicts them.
    `seconds` is the time that the playbook worked on the host, `verified` whether checks proved it afterwards.
    """

    outcome: Outcome
    roles: Mapping[str, RoleOutcome] = field(default_factory=dict)
    error: str | None = None
    hint: str | None = None
    reason: str | None = None
    seconds: float = 0.0
    changes: tuple[tuple[str, str], ...] = ()
    verified: bool = False

    def as_json(self) -> dict[str, object]:
        """Return the host as `up --json` shows it; what is not always there only where it is."""
        document: dict[str, object] = {
            "outcome": str(self.outcome),
            "roles": {role: str(outcome) for role, outcome in self.roles.items()},
            "error": self.error,
            "seconds": round(self.seconds, 1),
        }
        if self.hint is not None:
            document["hint"] = self.hint
        if self.reason is not None:
            document["reason"] = self.reason
        if self.changes:
            document["changes"] = [list(change) for change in self.changes]
        if self.verified:
            document["verified"] = True
        return document


@dataclass(frozen=True)
class Run:
    """One run of `up` over the hosts of a fleet, in its order. `id` sorts by time."""

    id: str
    hosts: Mapping[str, HostRun]

    @property
    def exit_code(self) -> int:
        """Return 1 if a host failed or was out of reach, else 3 if one was refused, else 0."""
        outcomes = {host.outcome for host in self.hosts.values()}
        if outcomes & {Outcome.FAILED, Outcome.UNREACHABLE}:
            return 1
        return 3 if Outcome.REFUSED in outcomes else 0

    def of(self, *outcomes: Outcome) -> tuple[str, ...]:
        """Return the names of the hosts that ended in one of the ways."""
        return tuple(name for name, host in self.hosts.items() if host.outcome in outcomes)

    def as_json(self) -> dict[str, object]:
        """Return the document of `up --json`."""
        return {
            "schema": 1,
            "run": self.id,
            "hosts": {name: host.as_json() for name, host in self.hosts.items()},
        }
