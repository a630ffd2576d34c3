"""Many hosts are asked at once, and none waits for another."""

import sys
import time
from functools import partial

import pytest

from provision.connect import asking
from provision.connect.answer import Answer
from provision.connect.asking import Asked, ask_all
from provision.connect.connections import Connections
from provision.errors import ConnectError
from provision.model.fleet import Host
from tests.unit.connect.ssh_server import ANSWER, SshServer, variables


def asked(connections: Connections, server: SshServer, host: Host) -> Answer:
    return asking.ask(host, server.folder / "hosts.ini", connections, "asking.survey", {})


def test_a_host_that_says_nothing_does_not_hold_the_others(server: SshServer) -> None:
    (server.folder / "silent").mkdir()
    silent = SshServer(server.folder / "silent")
    silent.behaviour.silent = True
    hosts = (
        Host("silent", (), variables(silent, ansible_timeout=1)),
        Host("good", (), variables(server)),
    )
    found: list[Asked[Answer]] = []
    with Connections() as connections:
        ask_all(hosts, partial(asked, connections, server), found.append)
    silent.stop()
    assert [each.name for each in found] == ["good", "silent"]
    assert found[0].result == ANSWER
    assert isinstance(found[1].result, ConnectError)
    assert 1 <= found[1].seconds < 5


def test_many_hosts_are_asked_by_few_threads_that_do_not_meet(
    server: SshServer, request: pytest.FixtureRequest
) -> None:
    request.addfinalizer(partial(sys.setswitchinterval, sys.getswitchinterval()))
    sys.setswitchinterval(1e-6)
    hosts = tuple(Host(f"h{number}", (), variables(server)) for number in range(40))
    found: list[Asked[Answer]] = []
    with Connections() as connections:
        ask_all(hosts, partial(asked, connections, server), found.append)
    assert [each.result for each in found] == [ANSWER] * 40
    assert {each.name for each in found} == {host.name for host in hosts}


def test_a_surprise_on_one_host_is_that_hosts_result() -> None:
    def surprising(host: Host) -> str:
        if host.name == "bad":
            raise ZeroDivisionError("surprise")
        return host.name

    found: dict[str, Asked[str]] = {}
    hosts = tuple(Host(name, (), {}) for name in ("good", "bad"))
    ask_all(hosts, surprising, lambda each: found.update({each.name: each}))
    assert found["good"].result == "good"
    assert str(found["bad"].result) == "unexpected ZeroDivisionError: surprise"


def test_no_more_threads_ask_than_are_allowed() -> None:
    at_work = most = 0

    def counted(_: Host) -> None:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        time.sleep(0.005)
        at_work -= 1

    ask_all([Host(f"h{number}", (), {}) for number in range(20)], counted, lambda _: None, threads=3)
    assert most <= 3
