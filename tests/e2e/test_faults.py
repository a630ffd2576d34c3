"""Hosts that fail in every way there is, beside one that does not: told in words, and no other is held up."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from . import faults_lab
from .faults_lab import FAULTS, GOOD, RECEIPT, ROLE, product
from .lab import Command, inside

pytestmark = pytest.mark.e2e

# Name, whether it let us in, the error and its cure.
CASES = [
    ("faults-off", False, "198.18.77.175 port 22 does not answer within 3 s", "is the host up"),
    ("faults-port", False, "198.18.77.161 port 2222: Connection refused", "ansible_port"),
    ("faults-key", False, "host key of 198.18.77.162 has changed", "ssh-keygen -f"),
    ("faults-hangs", False, "198.18.77.163 port 22 accepts connections but does not speak SSH", "hanging"),
    ("faults-hanging-login", True, "the host let us in, and did not answer within 9 s", "ansible_timeout"),
    ("faults-hanging-python", True, "the host let us in, and did not answer within 9 s", "ansible_timeout"),
    ("faults-session-cut", True, "the host closed the connection while it was asked", "journal"),
    ("faults-no-python", True, "no Python on the host", "install python3"),
    ("faults-old-python", True, "Python 3.6 on the host is too old", "3.8 or newer"),
    ("faults-broken-python", True, "No module named 'json.decoder'", "ansible_python_interpreter"),
]
NAMES = [name for name, *_ in CASES]
FULL = {"faults-var-lib-full": "no space left in", "faults-var-lib-read-only": "is mounted read-only"}


@dataclass(frozen=True)
class Told:
    """What was said of the fleet with all of its faults."""

    screen: Command
    status: Command
    plan: Command
    up: Command


@pytest.fixture(scope="module")
def told() -> Iterator[Told]:
    faults_lab.up()
    try:
        faults_lab.faults(FAULTS, on=True)
        quick = ("--limit", f"{GOOD},faults-no-python,faults-port")
        yield Told(
            screen=product("status", *quick),
            status=product("status", "--json"),
            plan=product("plan", *quick, "--json", "--exit-code"),
            up=product("up", "--only", ROLE, "--no-verify", "--json"),
        )
    finally:
        faults_lab.down()


@pytest.mark.parametrize(("name", "reachable", "error", "cure"), CASES, ids=NAMES)
def test_a_host_that_cannot_be_asked_says_why(
    told: Told, name: str, reachable: bool, error: str, cure: str
) -> None:
    shown = told.status.json["hosts"][name]
    assert shown["reachable"] is reachable
    ended = told.up.json["hosts"][name]
    assert ended["outcome"] == ("failed" if reachable else "unreachable")
    for each in (shown, ended):
        assert error in each["error"]
        assert cure in each["hint"]
        assert "Traceback" not in str(each)
    assert ended["roles"] == {}


def test_the_others_are_shown_and_converge(told: Told) -> None:
    shown, ended = told.status.json["hosts"], told.up.json["hosts"]
    for name in (GOOD, "faults-noisy"):
        assert shown[name]["roles"][ROLE] == "absent"
        assert ended[name]["outcome"] == "changed", told.up
        assert inside(name, f"cat {RECEIPT}").startswith("{")
    assert (told.status.code, told.up.code) == (0, 1)


def test_the_screen_names_them_too(told: Told) -> None:
    assert told.screen.code == 0
    assert f"{GOOD} " in told.screen.stdout
    assert "faults-no-python: no Python on the host\nhint: install python3" in told.screen.stdout
    assert told.screen.stdout.rstrip().endswith("3 hosts: 1 to change, 2 not reached")


def test_a_plan_with_a_host_that_cannot_be_asked_is_not_complete(told: Told) -> None:
    assert told.plan.code == 1, told.plan
    hosts = told.plan.json["hosts"]
    assert hosts[GOOD]["roles"][ROLE]["state"] == "absent"
    assert hosts["faults-port"]["error"].endswith("Connection refused")


@pytest.mark.parametrize("name", FULL)
def test_a_disk_that_takes_nothing_is_named_and_nothing_is_begun(told: Told, name: str) -> None:
    assert told.status.json["hosts"][name]["roles"][ROLE] == "absent"
    ended = told.up.json["hosts"][name]
    assert ended["outcome"] == "failed", told.up
    assert "/var/lib" in ended["error"]
    assert FULL[name] in ended["error"]
    assert "df -h" in ended["hint"]
    assert inside(name, "ls /var/lib/provision 2>/dev/null || true") == ""
    assert inside(name, "dpkg --audit") == ""
