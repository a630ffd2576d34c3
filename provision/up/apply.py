"""Runs what differs, in one playbook, and asks the hosts that got through again."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from provision.model.plan import Plan
from provision.model.run import HostRun
from provision.runner import Event, Playbook
from provision.up.effects import Effects
from provision.up.settle import settle_interrupted, settle_run
from provision.up.survey import Survey, survey
from provision.up.tally import Tally
from provision.up.watcher import Watcher


class InterruptedRunError(KeyboardInterrupt):
    """Ctrl-C after a playbook was begun; `hosts` is what is known of the outcomes."""

    def __init__(self, hosts: Mapping[str, HostRun]) -> None:
        super().__init__()
        self.hosts = hosts


def apply(found: Survey, run_dir: Path, effects: Effects, watcher: Watcher) -> dict[str, HostRun]:
    """Run the roles that the plan selects and return what became of every host.

    Raises InterruptedRunError on KeyboardInterrupt, RunError where the playbook could not be started.
    """
    tally = Tally()
    try:
        return _apply(found, run_dir, tally, effects, watcher)
    except KeyboardInterrupt as interrupt:
        raise InterruptedRunError(settle_interrupted(found.plan, found.probes, tally)) from interrupt


def _apply(
    found: Survey, run_dir: Path, tally: Tally, effects: Effects, watcher: Watcher
) -> dict[str, HostRun]:
    selection = found.plan.selection

    def on_event(event: Event) -> None:
        tally.add(event)
        watcher.happened(event, tally)

    watcher.phase("Running", len(selection))
    playbook = Playbook(
        "site", found.fleet.inventory, tuple(selection), {"provision_selection": selection}, diff=True
    )
    result = effects.run_playbook(playbook, run_dir, on_event=on_event)
    after = _asked_again(found, tally, effects, watcher)
    return settle_run(found.plan, found.probes, tally, after, str(result.log))


def _asked_again(found: Survey, tally: Tally, effects: Effects, watcher: Watcher) -> Plan:
    through = {name for name, host in tally.hosts.items() if host.finished and host.stopped is None}
    again = replace(found.fleet, hosts=tuple(host for host in found.fleet.hosts if host.name in through))
    if not again.hosts:
        return Plan({})
    return survey(again, found.roles, effects, watcher, phase="Asking again").plan
