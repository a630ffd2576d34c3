"""From a fleet to a fleet as its inventory declares it: ask, plan, run what differs, ask again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from provision.compat import Refusal
from provision.model.fleet import Fleet
from provision.model.observed import HostProbe
from provision.model.plan import Plan
from provision.model.run import HostRun
from provision.runner import Event, Playbook, Result
from provision.up.settle import settle, settle_interrupted, settle_run
from provision.up.tally import Tally

Probes = Mapping[str, HostProbe]


class Probe(Protocol):
    """Asks every host of a fleet what it is, all at once; a host that fails is an answer too."""

    def __call__(self, fleet: Fleet, *, on_host: Callable[[HostProbe], None] | None = None) -> Probes:
        """Return the answers by host, having told each as it came."""


class Build(Protocol):
    """Decides which roles differ on which hosts."""

    def __call__(self, fleet: Fleet, probes: Probes, roles: Sequence[str], full: bool = False) -> Plan:
        """Return the plan; `full` counts no receipt."""


class RunPlaybook(Protocol):
    """Runs a playbook."""

    def __call__(self, playbook: Playbook, run_dir: Path, *, on_event: Callable[[Event], None]) -> Result:
        """Return how the process ended."""


class Watcher(Protocol):
    """Is told what goes on, to show it."""

    def phase(self, text: str, hosts: int) -> None:
        """Begin a part of the work, on that many hosts."""

    def answered(self, probe: HostProbe) -> None:
        """Take note that a host has answered the probe."""

    def happened(self, event: Event, tally: Tally) -> None:
        """Take note of an event, which the tally has in it already."""


class InterruptedRunError(KeyboardInterrupt):
    """Ctrl-C after a playbook was begun; `hosts` is what is known of the outcomes."""

    def __init__(self, hosts: Mapping[str, HostRun]) -> None:
        super().__init__()
        self.hosts = hosts


@dataclass(frozen=True)
class Steps:
    """The parts that are strung together here."""

    probe: Probe
    refusals: Callable[[Fleet, Probes], list[Refusal]]
    build: Build
    run_playbook: RunPlaybook


@dataclass(frozen=True)
class Survey:
    """What the hosts answered, what speaks against starting, and what would be run."""

    fleet: Fleet
    roles: tuple[str, ...]
    probes: Probes
    refusals: tuple[Refusal, ...]
    plan: Plan

    def unchanged(self) -> dict[str, HostRun]:
        """Return the outcomes if nothing is run."""
        return settle(self.plan, self.probes)


def survey(fleet: Fleet, roles: tuple[str, ...], full: bool, steps: Steps, watcher: Watcher) -> Survey:
    """Ask the hosts and plan; changes nothing."""
    watcher.phase("Asking", len(fleet.hosts))
    probes = steps.probe(fleet, on_host=watcher.answered)
    refused = tuple(steps.refusals(fleet, probes))
    return Survey(fleet, roles, probes, refused, steps.build(fleet, probes, roles, full=full))


def apply(found: Survey, run_dir: Path, steps: Steps, watcher: Watcher) -> dict[str, HostRun]:
    """Run what differs in one playbook, and ask the hosts that got through again.

    Raises InterruptedRunError on KeyboardInterrupt.
    """
    tally = Tally()
    try:
        return _apply(found, run_dir, tally, steps, watcher)
    except KeyboardInterrupt as interrupt:
        raise InterruptedRunError(settle_interrupted(found.plan, found.probes, tally)) from interrupt


def _apply(found: Survey, run_dir: Path, tally: Tally, steps: Steps, watcher: Watcher) -> dict[str, HostRun]:
    selection = found.plan.selection

    def on_event(event: Event) -> None:
        tally.add(event)
        watcher.happened(event, tally)

    watcher.phase("Running", len(selection))
    playbook = Playbook(
        "site", found.fleet.inventory, tuple(selection), {"provision_selection": selection}, diff=True
    )
    result = steps.run_playbook(playbook, run_dir, on_event=on_event)
    through = {name for name, host in tally.hosts.items() if host.finished and host.stopped is None}
    again = replace(found.fleet, hosts=tuple(host for host in found.fleet.hosts if host.name in through))
    after = Plan({})
    if again.hosts:
        watcher.phase("Asking again", len(again.hosts))
        probes = steps.probe(again, on_host=watcher.answered)
        after = steps.build(again, probes, found.roles)
    return settle_run(found.plan, found.probes, tally, after, str(result.log))
