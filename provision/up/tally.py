"""Events added up by host: what each role did, and the failure that stopped the host."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from provision.model.run import RoleOutcome
from provision.runner import Event, Kind, subjects

_STOPPING = (Kind.FAILED, Kind.REFUSED, Kind.UNREACHABLE)


@dataclass
class HostTally:
    """One host so far.

    `changes` are (role, subject) pairs in the order in which they were made, `stopped` is the failure that
    ended the host, `finished` whether Ansible counted it.
    """

    clock: Callable[[], float]
    started: float
    ended: float
    role: str | None = None
    task: str = ""
    roles: dict[str, RoleOutcome] = field(default_factory=dict)
    changes: dict[tuple[str, str], None] = field(default_factory=dict)
    stopped: Event | None = None
    finished: bool = False

    @property
    def seconds(self) -> float:
        """Return how long the playbook has worked on the host."""
        return self.ended - self.started

    def elapsed(self) -> float:
        """Return the same up to now, for a host that is at work."""
        return (self.ended if self.finished else self.clock()) - self.started


class Tally:
    """The hosts of one run, by name, as far as the events told; `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._hosts: dict[str, HostTally] = {}

    @property
    def hosts(self) -> Mapping[str, HostTally]:
        """Return the hosts that have begun."""
        return self._hosts

    def add(self, event: Event) -> None:
        """Take one event into account."""
        if event.kind is Kind.STATS:
            self._settle(event)
            return
        now = self._clock()
        host = self._hosts.setdefault(event.host, HostTally(self._clock, started=now, ended=now))
        host.ended, host.role, host.task = now, event.role, event.task
        if event.kind in _STOPPING and not event.ignored:
            host.stopped = event
        if event.role is None:
            return
        so_far = host.roles.setdefault(event.role, RoleOutcome.OK)
        if event.kind is not Kind.CHANGED:
            return
        host.changes.update(dict.fromkeys((event.role, subject) for subject in subjects(event)))
        if so_far is RoleOutcome.OK:
            host.roles[event.role] = RoleOutcome.CHANGED

    def _settle(self, event: Event) -> None:
        """Take Ansible's own count as the truth: a failure that a block rescued has not stopped the host."""
        for name, counts in event.stats.items():
            now = self._clock()
            host = self._hosts.setdefault(name, HostTally(self._clock, started=now, ended=now))
            host.finished = True
            if not counts.get("failures") and not counts.get("unreachable"):
                host.stopped = None
            elif host.stopped is not None and host.stopped.role is not None:
                host.roles[host.stopped.role] = RoleOutcome.FAILED
