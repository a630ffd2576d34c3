"""What the checks mean for hosts that were changed."""

from pathlib import Path

from provision.errors import RunError
from provision.model.fleet import Fleet
from provision.model.run import HostRun, Outcome
from provision.up.proof import prove
from provision.up.watcher import Watcher
from provision.verify import Check
from tests.unit.hosts import host
from tests.unit.up.fake_hosts import FakeHosts

_FLEET = Fleet(Path("fleet.ini"), None, tuple(host(name) for name in ("h1", "h2", "h3")))
_HOSTS = {
    "h1": HostRun(Outcome.CHANGED, seconds=3.0),
    "h2": HostRun(Outcome.CHANGED),
    "h3": HostRun(Outcome.CONVERGED),
}


def _prove(hosts: FakeHosts) -> dict[str, HostRun]:
    return prove(_FLEET, _HOSTS, hosts, Watcher())


def test_only_hosts_that_changed_are_verified() -> None:
    hosts = FakeHosts(checks=lambda name: [Check(name, "container_sees_gpus", "passed", "")])
    ended = _prove(hosts)
    assert hosts.verified == [("h1", "h2")]
    assert {name: host.verified for name, host in ended.items()} == {"h1": True, "h2": True, "h3": False}


def test_nothing_changed_and_nothing_is_verified() -> None:
    hosts = FakeHosts()
    assert prove(_FLEET, {"h3": _HOSTS["h3"]}, hosts, Watcher()) == {"h3": _HOSTS["h3"]}
    assert hosts.verified == []


def test_without_a_container_that_saw_the_gpus_nothing_is_proven() -> None:
    unseen = Check("h1", "container_sees_gpus", "skipped", "the image is known only in the run")
    ended = _prove(FakeHosts(checks=lambda name: [Check(name, "driver_loaded", "passed", ""), unseen]))
    assert (ended["h1"].outcome, ended["h1"].verified) == (Outcome.CHANGED, False)


def test_a_host_that_fails_a_check_has_failed() -> None:
    bad = [Check("h2", "container_sees_gpus", "failed", "7 of 8"), Check("h2", "cdi", "failed", "stale")]
    ended = _prove(FakeHosts(checks=lambda name: bad if name == "h2" else []))
    assert ended["h1"].outcome is Outcome.CHANGED
    assert ended["h2"].outcome is Outcome.FAILED
    assert ended["h2"].error == "provisioned, but not verified: container_sees_gpus: 7 of 8; cdi: stale"
    assert ended["h2"].hint == "`provision verify -i fleet.ini --limit h2` shows the evidence"


def test_checks_that_did_not_run_prove_no_host() -> None:
    def broken(_: str) -> list[Check]:
        raise RunError("the checks did not run: pytest ended with 4")

    ended = _prove(FakeHosts(checks=broken))
    assert {name: host.outcome for name, host in ended.items()} == {
        "h1": Outcome.FAILED,
        "h2": Outcome.FAILED,
        "h3": Outcome.CONVERGED,
    }
    assert (ended["h1"].error or "").endswith("the checks did not run: pytest ended with 4")
    assert ended["h1"].seconds == 3.0
