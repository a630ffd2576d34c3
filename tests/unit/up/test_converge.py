# ruff: noqa: ARG002 - fakes have the signature of what they stand for
"""Ask, plan, run what differs, ask again: with parts that answer from a table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from provision.compat import Refusal
from provision.model.fleet import Fleet, Host
from provision.model.observed import HostProbe
from provision.model.plan import HostPlan, Plan, RolePlan, State
from provision.model.run import Outcome, RoleOutcome
from provision.runner import Event, Playbook, Result
from provision.runner.events import Kind
from provision.up.converge import Probes, Steps, apply, survey
from provision.up.tally import Tally

_FLEET = Fleet(Path("fleet.ini"), None, tuple(Host(name, (), {}) for name in ("h1", "h2", "h3", "cpu")))
_ROLES = ("driver", "docker")


@dataclass
class _World:
    """What differs on which host, and what was asked for."""

    differs: dict[str, list[str]]
    events: list[Event]
    mended: bool = True
    asked: list[tuple[str, ...]] = field(default_factory=list)
    ran: list[Playbook] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def steps(self) -> Steps:
        return Steps(self.probe, self.refusals, self.build, self.run_playbook)

    def probe(self, fleet: Fleet, *, on_host: Callable[[HostProbe], None] | None = None) -> Probes:
        self.asked.append(fleet.names)
        probes = {name: HostProbe(name, reachable=True) for name in fleet.names}
        for probe in probes.values():
            if on_host is not None:
                on_host(probe)
        return probes

    def refusals(self, fleet: Fleet, probes: Probes) -> list[Refusal]:
        return []

    def build(self, fleet: Fleet, probes: Probes, roles: Sequence[str], full: bool = False) -> Plan:
        def one(name: str) -> HostPlan:
            if name == "cpu":
                return HostPlan(name, skipped="no NVIDIA GPU")
            states = {
                role: RolePlan(
                    State.ABSENT if full or role in self.differs.get(name, []) else State.CONVERGED
                )
                for role in roles
            }
            return HostPlan(name, states)

        return Plan({name: one(name) for name in fleet.names})

    def run_playbook(self, playbook: Playbook, run_dir: Path, *, on_event: Callable[[Event], None]) -> Result:
        self.ran.append(playbook)
        for event in self.events:
            on_event(event)
        if self.mended:
            self.differs = {}
        return Result(0, 1.0, run_dir / "ansible.log")

    def phase(self, text: str, hosts: int) -> None:
        self.told.append(f"{text} {hosts}")

    def answered(self, probe: HostProbe) -> None:
        self.told.append(f"answer {probe.name}")

    def happened(self, event: Event, tally: Tally) -> None:
        self.told.append(f"{event.kind} {event.host}")
        assert event.kind is Kind.STATS or event.host in tally.hosts


def _events(*hosts: str) -> list[Event]:
    changes = [Event(Kind.CHANGED, host, "driver", "t") for host in hosts]
    return [*changes, Event(Kind.STATS, stats={host: {"failures": 0} for host in hosts})]


def test_only_what_differs_is_run_in_one_playbook_and_asked_again() -> None:
    world = _World({"h1": ["driver"], "h3": ["driver", "docker"]}, _events("h1", "h3"))
    found = survey(_FLEET, _ROLES, full=False, steps=world.steps(), watcher=world)
    hosts = apply(found, Path("/runs/1"), world.steps(), world)

    selection = {"h1": ["driver"], "h3": ["driver", "docker"]}
    assert world.ran == [
        Playbook("site", Path("fleet.ini"), ("h1", "h3"), {"provision_selection": selection}, diff=True)
    ]
    assert world.asked == [("h1", "h2", "h3", "cpu"), ("h1", "h3")]
    assert {name: host.outcome for name, host in hosts.items()} == {
        "h1": Outcome.CHANGED,
        "h2": Outcome.CONVERGED,
        "h3": Outcome.CHANGED,
        "cpu": Outcome.SKIPPED,
    }
    assert hosts["h1"].roles == {"driver": RoleOutcome.CHANGED, "docker": RoleOutcome.SKIPPED}
    assert world.told[0] == "Asking 4"
    assert "Running 2" in world.told and "Asking again 2" in world.told


def test_nothing_differs_and_nothing_is_selected() -> None:
    world = _World({}, [])
    found = survey(_FLEET, _ROLES, full=False, steps=world.steps(), watcher=world)
    assert found.plan.selection == {}
    assert {host.outcome for host in found.unchanged().values()} == {Outcome.CONVERGED, Outcome.SKIPPED}


def test_full_selects_every_role_and_still_counts_the_end_by_what_differs() -> None:
    world = _World({}, _events("h1", "h2", "h3"))
    found = survey(_FLEET, _ROLES, full=True, steps=world.steps(), watcher=world)
    hosts = apply(found, Path("/runs/1"), world.steps(), world)
    assert world.ran[0].hosts == ("h1", "h2", "h3")
    assert hosts["h1"].outcome is Outcome.CHANGED


def test_a_role_that_does_not_take_is_a_failure() -> None:
    world = _World({"h1": ["driver"]}, _events("h1"), mended=False)
    found = survey(_FLEET, _ROLES, full=False, steps=world.steps(), watcher=world)
    assert apply(found, Path("/runs/1"), world.steps(), world)["h1"].outcome is Outcome.FAILED


def test_a_host_that_failed_is_not_asked_again() -> None:
    failed = [Event(Kind.FAILED, "h1", "driver", "t", "no"), Event(Kind.STATS, stats={"h1": {"failures": 1}})]
    world = _World({"h1": ["driver"]}, failed)
    found = survey(_FLEET, _ROLES, full=False, steps=world.steps(), watcher=world)
    assert apply(found, Path("/runs/1"), world.steps(), world)["h1"].error == "no"
    assert len(world.asked) == 1
