"""Why a connection did not come about, as a person is told."""

import socket
import time

import paramiko

from tests.unit.connect.ssh_server import SshServer, refused


def test_an_unknown_host_key_is_refused_and_nothing_is_run(server: SshServer) -> None:
    server.known_hosts.write_text("")
    told = refused(server)
    assert told.message == f"host key of [127.0.0.1]:{server.port} is unknown"
    assert f"ssh-keyscan -p {server.port} 127.0.0.1 >> {server.known_hosts}" in (told.hint or "")
    assert not told.reachable
    assert server.commands == []


def test_a_changed_host_key_is_refused(server: SshServer) -> None:
    other = paramiko.ECDSAKey.generate()
    server.known_hosts.write_text(f"[127.0.0.1]:{server.port} {other.get_name()} {other.get_base64()}\n")
    told = refused(server)
    assert told.message == f"host key of [127.0.0.1]:{server.port} has changed"
    assert "ssh-keygen" in (told.hint or "")
    assert server.commands == []


def test_a_wrong_key_is_told_with_the_user_and_the_file(server: SshServer) -> None:
    other = server.folder / "other"
    paramiko.ECDSAKey.generate().write_private_key_file(str(other))
    told = refused(server, ansible_ssh_private_key_file=str(other))
    assert told.message == f"permission denied for user `admin` on 127.0.0.1 port {server.port} ({other})"
    assert not told.reachable


def test_a_closed_port_and_an_unknown_name(server: SshServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    told = refused(server, ansible_port=port)
    assert told.message == f"cannot connect to 127.0.0.1 port {port}: Connection refused"
    told = refused(server, ansible_host="no-such-host.invalid")
    assert told.message == "no address for `no-such-host.invalid`"


def test_a_port_that_says_nothing_is_given_up(server: SshServer) -> None:
    server.behaviour.silent = True
    started = time.monotonic()
    told = refused(server, ansible_timeout=1)
    assert (
        told.message == f"127.0.0.1 port {server.port} accepts connections but does not speak SSH within 1 s"
    )
    assert not told.reachable
    assert time.monotonic() - started < 5
