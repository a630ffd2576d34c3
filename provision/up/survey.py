"""How a fleet stands: the hosts are asked, what cannot work is refused, what differs is planned.

`up`, `plan` and `status` begin with this, and have the same answer for the same hosts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from provision import content
from provision.compat import Refusal, refusals
from provision.inventory import with_files
from provision.model.fleet import Fleet
from provision.model.plan import Plan
from provision.plan import build
from provision.up import sources
from provision.up.effects import Effects, Probes
from provision.up.watcher import Watcher


@dataclass(frozen=True)
class Survey:
    """What the hosts answered, and what follows from it.

    `refusals` say what the inventory asks for and cannot work, with the cure; in the plan the driver is
    unsupported on their hosts.
    """

    fleet: Fleet
    roles: tuple[str, ...]
    probes: Probes
    refusals: tuple[Refusal, ...]
    plan: Plan


def prepare() -> None:
    """Do what can be done before the hosts are known: while another process reads the inventory, it is free."""
    from provision import probe

    probe.prepare()
    sources.load(content.ROLES)


def survey(
    fleet: Fleet,
    roles: Sequence[str],
    effects: Effects,
    watcher: Watcher | None = None,
    *,
    full: bool = False,
    phase: str = "Asking",
) -> Survey:
    """Ask every host once and plan the roles; changes nothing. `full` counts no receipt."""
    watcher = watcher or Watcher()
    watcher.phase(phase, len(fleet.hosts))
    probes = effects.probe(fleet, on_host=watcher.answered)
    refused = tuple(refusals(fleet, probes))
    plan = build(with_files(fleet), probes, sources.load(roles), full, refusals=refused)
    return Survey(fleet, tuple(roles), probes, refused, plan)
