"""What the checks of `verify` found: a line for each as it ends, the counts at the end, and a document."""

from rich.console import Console
from rich.text import Text

from provision.verify import FAILED, NO_GPU, PASSED, SKIPPED, Check, HostReport, VerifyReport

_STYLES = {PASSED: "green", FAILED: "red", SKIPPED: "yellow"}


def document(report: VerifyReport) -> dict[str, object]:
    """Return what `verify --json` prints."""
    return {"schema": 1, "hosts": {host.name: _host_document(host) for host in report.hosts}}


def _host_document(host: HostReport) -> dict[str, object]:
    checks = [{"id": check.id, "outcome": check.outcome, "detail": check.detail} for check in host.checks]
    return {**_counts(host), "checks": checks}


def _counts(host: HostReport) -> dict[str, int]:
    return {outcome: host.count(outcome) for outcome in _STYLES}


class Lines:
    """Prints checks as they end, names of hosts in a column; a host without a GPU has one line for all."""

    def __init__(self, console: Console, names: tuple[str, ...]) -> None:
        self._console = console
        self._width = max(map(len, names), default=0)
        self._idle: set[str] = set()

    def show(self, check: Check) -> None:
        """Print one check, with its evidence if it failed."""
        if (check.outcome, check.detail) == (SKIPPED, NO_GPU):
            if check.host not in self._idle:
                self._line(f"{check.host:{self._width}}  skipped  {NO_GPU}")
            self._idle.add(check.host)
            return
        outcome = (f"{check.outcome:7}", _STYLES[check.outcome])
        found = f": {check.detail}" if check.detail else ""
        self._line(f"{check.host:{self._width}}  ", outcome, f"  {check.id}{found}")
        for line in check.evidence.splitlines():
            self._line(f"    {line}")

    def end(self, report: VerifyReport) -> None:
        """Print how many checks of each host ended in which way."""
        self._line()
        for host in report.hosts:
            counts = ", ".join(f"{count} {outcome}" for outcome, count in _counts(host).items())
            self._line(f"{host.name:{self._width}}  {counts}")

    def _line(self, *parts: str | tuple[str, str]) -> None:
        # Not folded: a check stays one line in a log.
        self._console.print(Text.assemble(*parts), soft_wrap=True)
