"""Hosts that answer from a table: what tests hand to the use cases instead of real effects."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from provision import content
from provision.model.fleet import Fleet
from provision.model.observed import Driver, Gpu, HostProbe, Observed, ReceiptState
from provision.plan import Source
from provision.plugins.module_utils.receipts.inputs import record
from provision.runner import Event, Playbook, Result
from provision.runner.events import Kind
from provision.up import sources
from provision.up.effects import Probes
from provision.verify import Check, VerifyReport

BARE = Observed(
    os="Debian 13",
    distribution="debian",
    major="13",
    kernel="6.12",
    architecture="x86_64",
    python="3.13.5",
    gpus=(Gpu("0000:18:00.0", "10de:2330"),),
    driver=Driver(),
)


def bare(name: str) -> HostProbe:
    """A host with an H100 on which nothing was done."""
    return HostProbe(name, reachable=True, observed=BARE)


def lost(name: str) -> HostProbe:
    """A host that does not answer."""
    return HostProbe(name, reachable=False, error="no answer", hint="is it up?")


def without_gpu(name: str) -> HostProbe:
    """A host that needs nothing."""
    return HostProbe(name, reachable=True, observed=replace(BARE, gpus=()))


@cache
def _sources() -> Mapping[str, Source]:
    return sources.load(content.ROLES)


def converged(name: str, *differing: str, **variables: object) -> HostProbe:
    """A host on which every role succeeded with these variables, all but the differing ones."""
    receipts = {
        role: ReceiptState(record("s", source.content, source.variables, variables))
        for role, source in _sources().items()
        if role not in differing
    }
    return HostProbe(name, reachable=True, observed=replace(BARE, receipts=receipts))


def changed(name: str) -> list[Event]:
    """What a playbook tells of a host on which it changed the driver."""
    return [Event(Kind.CHANGED, name, "nvidia_driver", "install")]


@dataclass
class FakeHosts:
    """Effects on hosts that are not there.

    `answers` are the probes before a playbook ran, `afterwards` those after it, `events` what it tells of a
    host, `checks` what verify finds there; each may raise. What was asked of them is kept.
    """

    answers: Callable[[str], HostProbe] = bare
    afterwards: Callable[[str], HostProbe] = converged
    events: Callable[[str], Iterable[Event]] = changed
    checks: Callable[[str], list[Check]] = lambda _name: []
    asked: list[tuple[str, ...]] = field(default_factory=list)
    ran: list[Playbook] = field(default_factory=list)
    verified: list[tuple[str, ...]] = field(default_factory=list)

    def probe(self, fleet: Fleet, *, on_host: Callable[[HostProbe], None] | None = None) -> Probes:
        """Answer for every host."""
        self.asked.append(fleet.names)
        answers = self.afterwards if any(not playbook.check for playbook in self.ran) else self.answers
        found = {name: answers(name) for name in fleet.names}
        for probe in found.values():
            if on_host is not None:
                on_host(probe)
        return found

    def run_playbook(self, playbook: Playbook, run_dir: Path, *, on_event: Callable[[Event], None]) -> Result:
        """Tell the events of every host, and count its failures as Ansible does."""
        self.ran.append(playbook)
        stats = {}
        for name in playbook.hosts:
            stats[name] = {"failures": 0}
            for event in self.events(name):
                on_event(event)
                stats[name]["failures"] += event.kind in (Kind.FAILED, Kind.REFUSED)
        on_event(Event(Kind.STATS, stats=stats))
        return Result(0, 1.0, run_dir / "ansible.log")

    def verify(
        self,
        fleet: Fleet,
        hosts: Sequence[str] | None = None,
        *,
        junit: Path | None = None,  # noqa: ARG002 - the signature of what it stands for
        on_check: Callable[[Check], None] | None = None,
    ) -> VerifyReport:
        """Answer with the checks of every host."""
        names = tuple(hosts if hosts is not None else fleet.names)
        self.verified.append(names)
        checks = [check for name in names for check in self.checks(name)]
        for check in checks:
            if on_check is not None:
                on_check(check)
        return VerifyReport.of(names, checks)
