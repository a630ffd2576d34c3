"""What the checks found, as values."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
NO_GPU = "no NVIDIA GPU"
"""Why every check of a host without a GPU is skipped."""


@dataclass(frozen=True)
class Check:
    """One check of one host. `detail` is a line: what was found, or why it failed or was skipped.

    `evidence` is what a failed check shows: commands with their output, files, journals.
    """

    host: str
    id: str
    outcome: str
    detail: str
    evidence: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class HostReport:
    """All checks of one host, in the order in which they ran."""

    name: str
    checks: tuple[Check, ...]

    def count(self, outcome: str) -> int:
        """Return how many checks ended so."""
        return Counter(check.outcome for check in self.checks)[outcome]


@dataclass(frozen=True)
class VerifyReport:
    """All hosts, in the fleet's order."""

    hosts: tuple[HostReport, ...]

    @classmethod
    def of(cls, names: Sequence[str], checks: Sequence[Check]) -> "VerifyReport":
        """Sort checks, which come in as hosts answer, by host."""
        return cls(
            tuple(HostReport(name, tuple(each for each in checks if each.host == name)) for name in names)
        )

    @property
    def failed(self) -> bool:
        """Tell whether anything failed, a host that was not reached included."""
        return any(host.count(FAILED) for host in self.hosts)
