"""Run what differs, ask again."""

from dataclasses import replace
from pathlib import Path

from provision.model.fleet import Fleet
from provision.model.observed import HostProbe
from provision.model.run import HostRun, Outcome, RoleOutcome
from provision.runner import Event, Playbook
from provision.runner.events import Kind
from provision.up.apply import apply
from provision.up.survey import survey
from provision.up.tally import Tally
from provision.up.watcher import Watcher
from tests.unit.hosts import host
from tests.unit.up.fake_hosts import FakeHosts, bare, converged, without_gpu

_FLEET = Fleet(Path("fleet.ini"), None, tuple(host(name) for name in ("h1", "h2", "h3", "cpu")))
_ROLES = ("nvidia_driver", "docker_engine")


class Told(Watcher):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def phase(self, text: str, hosts: int) -> None:
        self.told.append(f"{text} {hosts}")

    def answered(self, probe: HostProbe) -> None:
        self.told.append(f"answer {probe.name}")

    def happened(self, event: Event, tally: Tally) -> None:
        self.told.append(f"{event.kind} {event.host}")
        assert event.kind is Kind.STATS or event.host in tally.hosts


def before(name: str) -> HostProbe:
    if name == "cpu":
        return without_gpu(name)
    differing = {"h1": ("docker_engine",), "h2": (), "h3": _ROLES}[name]
    return converged(name, *differing)


def run(hosts: FakeHosts, watcher: Watcher | None = None, *, full: bool = False) -> dict[str, HostRun]:
    watcher = watcher or Watcher()
    found = survey(_FLEET, _ROLES, hosts, watcher, full=full)
    return apply(found, Path("/runs/1"), hosts, watcher)


def test_only_what_differs_is_run_in_one_playbook_and_asked_again() -> None:
    hosts, watcher = FakeHosts(answers=before), Told()
    ended = run(hosts, watcher)
    selection = {"h1": ["docker_engine"], "h3": ["nvidia_driver", "docker_engine"]}
    assert hosts.ran == [
        Playbook("site", Path("fleet.ini"), ("h1", "h3"), {"provision_selection": selection}, diff=True)
    ]
    assert hosts.asked == [("h1", "h2", "h3", "cpu"), ("h1", "h3")]
    assert {name: host.outcome for name, host in ended.items()} == {
        "h1": Outcome.CHANGED,
        "h2": Outcome.CONVERGED,
        "h3": Outcome.CHANGED,
        "cpu": Outcome.SKIPPED,
    }
    assert ended["h3"].roles == {"nvidia_driver": RoleOutcome.CHANGED, "docker_engine": RoleOutcome.SKIPPED}
    assert watcher.told[0] == "Asking 4"
    assert "Running 2" in watcher.told and "Asking again 2" in watcher.told


def test_full_selects_every_role_and_still_counts_the_end_by_what_differs() -> None:
    hosts = FakeHosts(answers=lambda name: without_gpu(name) if name == "cpu" else converged(name))
    ended = run(hosts, full=True)
    assert hosts.ran[0].hosts == ("h1", "h2", "h3")
    assert ended["h1"].outcome is Outcome.CHANGED


def test_a_role_that_does_not_take_is_a_failure() -> None:
    hosts = FakeHosts(answers=before, afterwards=before)
    ended = run(hosts)["h3"]
    assert ended.outcome is Outcome.FAILED
    assert "ran and is still not converged: nvidia_driver" in (ended.error or "")


def test_a_host_that_turned_out_not_to_be_supported_is_not_converged() -> None:
    def moved(name: str) -> HostProbe:
        probe = converged(name)
        assert probe.observed is not None
        return HostProbe(name, True, observed=replace(probe.observed, distribution="plan9", os="Plan 9"))

    ended = run(FakeHosts(answers=before, afterwards=moved))["h3"]
    assert ended.outcome is Outcome.FAILED
    assert "Plan 9 on h3 is not supported" in (ended.error or "")


def test_a_host_that_failed_is_not_asked_again() -> None:
    hosts = FakeHosts(
        answers=lambda name: bare(name) if name == "h1" else converged(name),
        events=lambda name: [Event(Kind.FAILED, name, "nvidia_driver", "t", "no")],
    )
    assert run(hosts)["h1"].error == "no"
    assert len(hosts.asked) == 1
