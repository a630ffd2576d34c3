"""A real SSH connection, to a server that behaves well and to servers that do not."""

import os
import time

import paramiko
import pytest

from provision.connect import remote
from tests.unit.connect.ssh_server import ANSWER, SshServer, ask, python, refused, script

EXEC_AFTER_DASHES = 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"'


def test_a_host_answers(server: SshServer) -> None:
    assert ask(server) == ANSWER


@pytest.mark.parametrize(
    "noise",
    [
        b"WELCOME\nAuthorised use only\n",
        b"provision-answer-begin {} not ours\n",
        b"\xff\xfe" * 4000,
        b"{}\n" * 5000,
    ],
    ids=["motd", "our own mark", "bytes", "much"],
)
def test_what_a_login_prints_does_not_matter(server: SshServer, noise: bytes) -> None:
    server.behaviour.before = noise
    assert ask(server) == ANSWER


@pytest.mark.parametrize(
    ("setting", "accepted"), [("accept-new", True), ("no", True), ("yes", False), ("ask", False)]
)
def test_an_unknown_host_key_is_accepted_only_where_the_user_says_so(
    server: SshServer, setting: str, accepted: bool
) -> None:
    arguments = f"-F /dev/null -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking={setting}"
    if accepted:
        assert ask(server, ansible_ssh_common_args=arguments) == ANSWER
    else:
        assert "is unknown" in refused(server, ansible_ssh_common_args=arguments).message
        assert server.commands == []


def test_accept_new_does_not_accept_a_changed_key(server: SshServer) -> None:
    other = paramiko.ECDSAKey.generate()
    server.known_hosts.write_text(f"[127.0.0.1]:{server.port} {other.get_name()} {other.get_base64()}\n")
    arguments = f"-F /dev/null -o UserKnownHostsFile={server.known_hosts} -o StrictHostKeyChecking=accept-new"
    assert "has changed" in refused(server, ansible_ssh_common_args=arguments).message


def test_a_host_key_may_be_known_by_an_alias(server: SshServer) -> None:
    server.known_hosts.write_text(server.known_host().replace(f"[127.0.0.1]:{server.port}", "gpu-01"))
    arguments = f"-F /dev/null -o UserKnownHostsFile={server.known_hosts} -o HostKeyAlias=gpu-01"
    assert ask(server, ansible_ssh_common_args=arguments) == ANSWER


def test_a_password_serves_where_there_is_no_key(server: SshServer) -> None:
    server.password = "s3cret"
    assert ask(server, ansible_ssh_private_key_file=None, ansible_password="s3cret") == ANSWER
    told = refused(server, ansible_ssh_private_key_file=None, ansible_password="x")
    assert "permission denied" in told.message


def test_a_host_that_hangs_is_given_up(server: SshServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "PATIENCE", 1)
    server.behaviour.hang = True
    started = time.monotonic()
    told = refused(server, ansible_timeout=1)
    assert told.message == "the host let us in, and did not answer within 1 s"
    assert "ansible_timeout" in (told.hint or "")
    assert told.reachable
    assert time.monotonic() - started < 5


def test_a_silent_host_that_lives_is_waited_for(server: SshServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "_SILENCE", 0.1)
    slow = script(server.folder, "slow", f"sleep 0.5; exec {python(server.folder)}")
    assert ask(server, ansible_python_interpreter=slow) == ANSWER


def test_a_host_that_dies_is_given_up_long_before_its_time(
    server: SshServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "_SILENCE", 0.2)
    monkeypatch.setattr(remote, "_DEATH", 0.8)
    server.behaviour.hang = server.behaviour.dead = True
    started = time.monotonic()
    told = refused(server)
    assert told.message == "the host let us in, and has given no sign of life for 1 s"
    assert not told.reachable
    assert time.monotonic() - started < 5


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provision.connect.remote.random.uniform", lambda *_: 0.01)


@pytest.mark.usefixtures("hurried")
def test_a_dropped_connection_is_tried_again(server: SshServer) -> None:
    """An sshd that takes few connections at once drops the others before they log in."""
    server.behaviour.drops = 3
    assert ask(server) == ANSWER


@pytest.mark.usefixtures("hurried")
def test_a_connection_that_stays_dropped_is_an_error(server: SshServer) -> None:
    server.behaviour.drops = 4
    told = refused(server)
    assert "is closed before anybody can log in" in told.message
    assert "MaxStartups" in (told.hint or "")
    assert (told.reachable, server.behaviour.drops) == (False, 0)


def test_a_host_that_closes_while_it_is_asked_is_told(server: SshServer) -> None:
    server.behaviour.close_after = 100
    told = refused(server)
    assert "closed the connection" in told.message or "refused to run" in told.message
    assert told.reachable


def test_what_a_program_says_counts_though_it_read_nothing(server: SshServer) -> None:
    server.behaviour.deaf = True
    sudo = script(server.folder, "sudo", "echo 'sudo: a password is required' >&2; exit 1")
    told = refused(server, ansible_become=True, ansible_become_exe=sudo)
    assert "sudo asks `admin` for a password" in told.message


def test_sudo_gets_the_password_on_its_input_only(server: SshServer) -> None:
    keep = server.folder / "kept"
    sudo = script(server.folder, "sudo", f'read -r typed; echo "$typed" > {keep}\n{EXEC_AFTER_DASHES}')
    changes = {"ansible_become": True, "ansible_become_exe": sudo, "ansible_become_password": "s3cret"}
    assert ask(server, **changes) == ANSWER
    assert keep.read_text() == "s3cret\n"
    assert "s3cret" not in "".join(server.commands)


@pytest.mark.needs("root")
def test_a_password_that_sudo_did_not_want_does_no_harm(server: SshServer) -> None:
    sudo = script(server.folder, "sudo", EXEC_AFTER_DASHES)
    changes = {"ansible_become": True, "ansible_become_exe": sudo, "ansible_become_password": "s3cret"}
    found = ask(server, **changes, ansible_python_interpreter="auto")
    assert found["kernel"] == os.uname().release


def test_root_needs_no_sudo(server: SshServer) -> None:
    server.user = "root"
    changes = {"ansible_user": "root", "ansible_become": True, "ansible_become_exe": "/no/such/sudo"}
    assert ask(server, **changes) == ANSWER


def test_a_jump_host_is_passed_through_and_checked(server: SshServer) -> None:
    (server.folder / "inner").mkdir()
    inner = SshServer(server.folder / "inner")
    config = server.folder / "config"
    config.write_text(
        f"Host bastion\n HostName 127.0.0.1\n Port {server.port}\n User admin\n"
        f" IdentityFile {server.key_file}\n UserKnownHostsFile {server.known_hosts}\n"
    )
    arguments = f"-F {config} -o ProxyJump=bastion -o UserKnownHostsFile={inner.known_hosts}"
    assert ask(inner, ansible_ssh_common_args=arguments) == ANSWER
    assert server.forwarded == [("127.0.0.1", inner.port)]
    server.known_hosts.write_text("")
    remote._known_hosts.cache_clear()
    told = refused(inner, ansible_ssh_common_args=arguments)
    assert told.message == f"host key of [127.0.0.1]:{server.port} is unknown"
    inner.stop()


def test_arguments_that_ssh_refuses_are_told_in_its_words(server: SshServer) -> None:
    told = refused(server, ansible_ssh_common_args="-o NoSuchOption=1")
    assert "Bad configuration option: nosuchoption" in told.message
