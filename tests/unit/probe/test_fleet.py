"""The probe of a fleet: what every host is, or why it cannot be told."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from provision.model.fleet import Fleet, Host
from provision.model.observed import HostProbe
from provision.probe import probe
from tests.unit.connect.ssh_server import SshServer, variables
from tests.unit.hosts import host


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SshServer]:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    found = SshServer(tmp_path)
    yield found
    found.stop()


def fleet(server: SshServer, *hosts: Host) -> Fleet:
    return Fleet(server.folder / "hosts.ini", None, hosts)


def ask(server: SshServer, **changes: object) -> HostProbe:
    return probe(fleet(server, host("h1", variables(server, **changes))))["h1"]


def test_a_host_is_observed(server: SshServer) -> None:
    found = ask(server)
    assert (found.error, found.reachable) == (None, True)
    assert found.observed is not None
    assert found.observed.os == "Debian 13"
    assert [gpu.id for gpu in found.observed.gpus] == ["10de:2330"]


@pytest.mark.needs("root")
@pytest.mark.parametrize("layout", ["", "all-disabled"])
def test_partitions_are_asked_for_where_the_inventory_has_a_layout(server: SshServer, layout: str) -> None:
    found = ask(server, ansible_python_interpreter="auto_silent", nvidia_mig_layout=layout)
    assert found.error is None
    assert found.observed is not None
    assert found.observed.kernel == os.uname().release
    assert found.observed.architecture == os.uname().machine
    assert (found.observed.partitions is not None) == bool(layout)


def test_every_host_is_in_the_result_in_the_fleets_order(server: SshServer) -> None:
    hosts = (host("bad", variables(server, ansible_user="other")), host("good", variables(server)))
    told: list[str] = []
    found = probe(fleet(server, *hosts), on_host=lambda each: told.append(each.name))
    assert list(found) == ["bad", "good"]
    assert sorted(told) == ["bad", "good"]
    assert "permission denied for user `other`" in (found["bad"].error or "")
    assert (found["bad"].reachable, found["bad"].hint is None) == (False, False)
    assert found["good"].error is None


def test_an_interrupt_closes_every_connection(server: SshServer) -> None:
    server.behaviour.hang = True

    def interrupt(_: HostProbe) -> None:
        raise KeyboardInterrupt

    (server.folder / "good").mkdir()
    good = SshServer(server.folder / "good")
    hosts = (host("hangs", variables(server)), host("good", variables(good)))
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        probe(fleet(server, *hosts), on_host=interrupt)
    good.stop()
    assert time.monotonic() - started < 5
    deadline = time.monotonic() + 5
    while any(thread.name == "provision-ask" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
