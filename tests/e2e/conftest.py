"""The lab, taken once from bare to provisioned; what was seen on the way is what the tests look at.

The suite wants a lab of its own: it replaces the four servers by fresh ones. Order matters only in that the
fixture `story` runs once; tests that break a server repair it themselves.
"""

from dataclasses import dataclass
from pathlib import PurePath

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from .lab import SERVERS, Command, lab, provision, provisioned, remote

_LAB, _RECEIPTS, _FAULTS = "the lab's four", "receipts", "faults"
_SERVERS = {
    "test_bad_input": _LAB,
    "test_check_mode": _LAB,
    "test_fleet": _LAB,
    "test_mig": _LAB,
    "test_newest_ansible": _LAB,
    "test_coverage": _RECEIPTS,
    "test_drift": _RECEIPTS,
    "test_honesty": _RECEIPTS,
    "test_faults": _FAULTS,
    "test_interrupts": _FAULTS,
}
"""Modules that share servers; the others have servers of their own."""


class _ByServers(LoadScopeScheduling):
    """With `pytest -n`: tests on the same servers follow one another, on other servers they run beside them."""

    def _split_scope(self, nodeid: str) -> str:
        module = PurePath(nodeid.partition("::")[0]).stem
        return _SERVERS.get(module, module)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Have xdist keep to what each module runs on."""
    return _ByServers(config, log)


@dataclass(frozen=True)
class Story:
    """What each command said, in the order in which a person would have typed them."""

    daemon_json: str
    predicted: Command
    up: Command
    verified: Command
    planned_again: Command
    up_again: Command


@pytest.fixture(scope="session")
def story() -> Story:
    """Bare servers → plan → up → verify → plan → up."""
    for server in SERVERS:
        lab("reset", server)
    before = remote("hgx01", "cat /etc/docker/daemon.json")
    return Story(
        daemon_json=before,
        predicted=provision("plan", "--diff", "--json"),
        up=provision("up", "--no-verify", "--json"),
        verified=provision("verify", "--json"),
        planned_again=provision("plan", "--exit-code", "--json"),
        up_again=provision("up", "--json"),
    )


@pytest.fixture
def fleet(story: Story) -> None:
    """A fleet that has been provisioned. Fails early, with the reason, when it could not be."""
    assert story.up.code == 0, provisioned(story.up)
