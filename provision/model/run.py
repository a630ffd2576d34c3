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
