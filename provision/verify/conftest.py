"""Fixtures of the checks. They also run by hand, as any testinfra tests do:

    pytest --hosts='ssh://admin@gpu-01,ssh://admin@gpu-02' --sudo --image IMAGE provision/verify

With an installed wheel the folder is `provision/verify` in its site-packages. `--docker-users` names users
that are to reach Docker. `provision verify` needs none of these: it reads the inventory, and asks all hosts
at once.
"""

from collections.abc import Callable

import pytest
from testinfra.host import Host

from provision.connect import answer, program
from provision.connect.target import INTERPRETERS
from provision.verify.evidence import Evidence
from provision.verify.question import ENTRY, options
from provision.verify.report import NO_GPU
from provision.verify.wanted import Wanted

GATHERED = pytest.StashKey[dict[str, Evidence]]()
"""Evidence by host, so that each host is asked once however many files of checks there are."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what a hand-started run cannot read from an inventory."""
    group = parser.getgroup("provision")
    group.addoption("--image", help="image of the container checks")
    group.addoption("--docker-users", default="", help="users that are to reach Docker, comma separated")


@pytest.fixture(scope="module")
def evidence(host: Host, request: pytest.FixtureRequest) -> Evidence:
    """Everything that was seen on the host, gathered when it is first asked for."""
    stash = request.config.stash.setdefault(GATHERED, {})
    name = host.backend.get_pytest_id()
    if name not in stash:
        users = [user for user in request.config.getoption("--docker-users").split(",") if user]
        stash[name] = gather(host, Wanted(image=request.config.getoption("--image"), users=tuple(users)))
    return stash[name]


@pytest.fixture
def seen(
    evidence: Evidence, record_property: Callable[[str, object], None], request: pytest.FixtureRequest
) -> Evidence:
    """What was seen on the host. A host without a GPU has nothing to check: every check is skipped."""
    if not evidence.gpus and request.node.originalname != "test_reachable":
        pytest.skip(NO_GPU)
    return evidence.telling(record_property)


def gather(host: Host, wanted: Wanted) -> Evidence:
    """Measure a host in one command over testinfra's own connection to it. Raises ConnectError."""
    done = host.run(program.line(ENTRY, options(wanted), INTERPRETERS))
    return Evidence.of(answer.read(done.stdout, done.stderr, done.rc, user=None), wanted)
