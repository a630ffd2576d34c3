"""The lab, taken once from bare to provisioned; what was seen on the way is what the tests look at.

The suite wants a lab of its own: it replaces the four servers by fresh ones. Order matters only in that the
fixture `story` runs once; tests that break a server repair it themselves.
"""

from dataclasses import dataclass

import pytest

from .lab import SERVERS, Command, lab, provision, provisioned, remote


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
