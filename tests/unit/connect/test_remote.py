"""The probe over a real SSH connection, to a server that behaves well and to servers that do not."""

import os
import shlex
import socket
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import paramiko
import pytest

from provision.connect import remote
from provision.connect.program import NO_PYTHON
from provision.connect.target import Target
from provision.model.fleet import Fleet, Host
from provision.model.observed import HostProbe
from provision.probe import probe

from .ssh_server import SshServer, script, variables


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SshServer]:
    found = SshServer(tmp_path)
    yield found
    found.stop()


@pytest.fixture(autouse=True)
def no_agent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def ask(server: SshServer, **changes: object) -> HostProbe:
    host = Host("h1", (), variables(server, **changes))
    return probe(Fleet(server.folder / "hosts.ini", None, (host,)))["h1"]


def test_a_host_answers(server: SshServer) -> None:
    found = ask(server)
    assert found.error is None
    assert found.reachable
    assert found.observed is not None
    assert found.observed.os == "Debian 13"
    assert [gpu.id for gpu in found.observed.gpus] == ["10de:2330"]


@pytest.mark.needs("root")
def test_the_real_program_runs_on_the_real_python(server: SshServer) -> None:
    found = ask(server, ansible_python_interpreter="auto_silent")
    assert found.error is None
    assert found.observed is not None
    assert found.observed.kernel == os.uname().release
    assert found.observed.architecture == os.uname().machine
    assert found.observed.partitions is None


@pytest.mark.needs("root")
def test_partitions_are_asked_for_where_the_inventory_has_a_layout(server: SshServer) -> None:
    found = ask(server, ansible_python_interpreter="auto_silent", nvidia_mig_layout="all-disabled")
    assert found.error is None
    assert found.observed is not None
    assert found.observed.partitions is not None
    assert len(found.observed.partitions.gpus) == len(found.observed.gpus)


@pytest.mark.parametrize(
    "noise",
    [
        b"WELCOME\nAuthorised use only\n",
        b"provision-probe-begin {} not ours\n",
        b"\xff\xfe" * 4000,
        b"{}\n" * 5000,
    ],
    ids=["motd", "our own mark", "bytes", "much"],
)
def test_what_a_login_prints_does_not_matter(server: SshServer, noise: bytes) -> None:
    server.behaviour.before = noise
    assert ask(server).error is None


def test_an_unknown_host_key_is_refused_and_nothing_is_run(server: SshServer) -> None:
    server.known_hosts.write_text("")
    found = ask(server)
    assert found.error == f"host key of [127.0.0.1]:{server.port} is unknown"
    assert found.hint is not None
    assert f"ssh-keyscan -p {server.port} 127.0.0.1 >> {server.known_hosts}" in found.hint
    assert not found.reachable
    assert server.commands == []


def test_a_changed_host_key_is_refused(server: SshServer) -> None:
    other = paramiko.ECDSAKey.generate()
    server.known_hosts.write_text(f"[127.0.0.1]:{server.port} {other.get_name()} {other.get_base64()}\n")
    found = ask(server)
    assert found.error == f"host key of [127.0.0.1]:{server.port} has changed"
    assert server.commands == []


@pytest.mark.parametrize(
    ("setting", "accepted"), [("accept-new", True), ("no", True), ("yes", False), ("ask", False)]
)
def test_an_unknown_host_key_is_accepted_only_where_the_user_says_so(
    server: SshServer, setting: str, accepted: bool
) -> None:
    arguments = f"-F /dev/null -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking={setting}"
    assert (ask(server, ansible_ssh_common_args=arguments).error is None) is accepted


def test_accept_new_does_not_accept_a_changed_key(server: SshServer) -> None:
    other = paramiko.ECDSAKey.generate()
    server.known_hosts.write_text(f"[127.0.0.1]:{server.port} {other.get_name()} {other.get_base64()}\n")
    arguments = f"-F /dev/null -o UserKnownHostsFile={server.known_hosts} -o StrictHostKeyChecking=accept-new"
    assert "has changed" in str(ask(server, ansible_ssh_common_args=arguments).error)


def test_a_host_key_may_be_known_by_an_alias(server: SshServer) -> None:
    server.known_hosts.write_text(server.known_host().replace(f"[127.0.0.1]:{server.port}", "gpu-01"))
    arguments = f"-F /dev/null -o UserKnownHostsFile={server.known_hosts} -o HostKeyAlias=gpu-01"
    assert ask(server, ansible_ssh_common_args=arguments).error is None


def test_a_wrong_key_is_told_with_the_user_and_the_file(server: SshServer) -> None:
    other = server.folder / "other"
    paramiko.ECDSAKey.generate().write_private_key_file(str(other))
    found = ask(server, ansible_ssh_private_key_file=str(other))
    assert found.error == f"permission denied for user `admin` on 127.0.0.1 port {server.port} ({other})"
    assert not found.reachable


def test_a_password_serves_where_there_is_no_key(server: SshServer) -> None:
    server.password = "s3cret"
    assert ask(server, ansible_ssh_private_key_file=None, ansible_password="s3cret").error is None
    assert "permission denied" in str(
        ask(server, ansible_ssh_private_key_file=None, ansible_password="x").error
    )


def test_a_closed_port_and_an_unknown_name(server: SshServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert (
        ask(server, ansible_port=port).error == f"cannot connect to 127.0.0.1 port {port}: Connection refused"
    )
    assert ask(server, ansible_host="no-such-host.invalid").error == "no address for `no-such-host.invalid`"


def test_a_host_that_says_nothing_does_not_hold_the_others(server: SshServer) -> None:
    (server.folder / "silent").mkdir()
    silent = SshServer(server.folder / "silent")
    silent.behaviour.silent = True
    hosts = (
        Host("silent", (), variables(silent, ansible_timeout=1)),
        Host("good", (), variables(server)),
    )
    order: list[str] = []
    found = probe(
        Fleet(server.folder / "hosts.ini", None, hosts), on_host=lambda each: order.append(each.name)
    )
    silent.stop()
    assert list(found) == ["silent", "good"]
    assert order == ["good", "silent"]
    assert found["good"].error is None
    assert found["silent"].error == (
        f"127.0.0.1 port {silent.port} accepts connections but does not speak SSH within 1 s"
    )
    assert found["silent"].seconds < 5


def test_a_probe_that_hangs_is_given_up(server: SshServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "PATIENCE", 1)
    server.behaviour.hang = True
    found = ask(server, ansible_timeout=1)
    assert found.error == "the host let us in, and the probe did not end within 1 s"
    assert "ansible_timeout" in (found.hint or "")
    assert found.reachable
    assert found.seconds < 5


def test_a_host_that_closes_mid_probe_is_told(server: SshServer) -> None:
    server.behaviour.close_after = 100
    found = ask(server)
    assert found.error is not None
    assert "closed the connection" in found.error or "refused to run" in found.error
    assert found.reachable


def test_a_host_without_python(server: SshServer) -> None:
    found = ask(server, ansible_python_interpreter="/no/such/python")
    assert found.error == "no Python on the host"
    assert NO_PYTHON not in str(found)
    assert "ansible_python_interpreter" in str(found.hint)


def test_a_broken_python(server: SshServer) -> None:
    broken = script(server.folder, "broken", "echo 'ImportError: no module named zlib' >&2; exit 1")
    found = ask(server, ansible_python_interpreter=broken)
    assert found.error == "Python failed on the host (exit code 1): ImportError: no module named zlib"


def test_a_python_that_is_too_old(server: SshServer) -> None:
    old = script(
        server.folder,
        "old",
        f'exec {sys.executable} "$1" "$2" "import sys; sys.version_info = (3, 6, 8); exec(sys.argv[1])" "$3"',
    )
    found = ask(server, ansible_python_interpreter=old)
    assert found.error == "Python 3.6 on the host is too old"
    assert "3.8" in (found.hint or "")


SUDO = [
    ("sudo: a password is required", "sudo asks `admin` for a password"),
    ("admin is not in the sudoers file.", "user `admin` may not use sudo"),
    ("sudo: 1 incorrect password attempt", "sudo refuses the password of `admin`"),
]


@pytest.mark.parametrize(("says", "told"), SUDO)
def test_what_sudo_refuses_is_told(server: SshServer, says: str, told: str) -> None:
    sudo = script(server.folder, "sudo", f"echo {shlex.quote(says)} >&2; exit 1")
    found = ask(server, ansible_become=True, ansible_become_exe=sudo)
    assert (found.error, found.reachable) == (told, True)
    assert found.hint


def test_what_a_program_says_counts_though_it_read_nothing(server: SshServer) -> None:
    server.behaviour.deaf = True
    sudo = script(server.folder, "sudo", "echo 'sudo: a password is required' >&2; exit 1")
    found = ask(server, ansible_become=True, ansible_become_exe=sudo)
    assert "sudo asks `admin` for a password" in (found.error or "")


def test_no_sudo_on_the_host(server: SshServer) -> None:
    found = ask(server, ansible_become=True, ansible_become_exe="/no/such/sudo")
    assert found.error == "no sudo on the host"


def test_sudo_gets_the_password_on_its_input_only(server: SshServer) -> None:
    keep = server.folder / "kept"
    sudo = script(
        server.folder,
        "sudo",
        f'read -r typed; echo "$typed" > {keep}\nwhile [ "$1" != -- ]; do shift; done; shift; exec "$@"',
    )
    found = ask(server, ansible_become=True, ansible_become_exe=sudo, ansible_become_password="s3cret")
    assert found.error is None
    assert keep.read_text() == "s3cret\n"
    assert "s3cret" not in "".join(server.commands)


@pytest.mark.needs("root")
def test_a_password_that_sudo_did_not_want_does_no_harm(server: SshServer) -> None:
    sudo = script(server.folder, "sudo", 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"')
    found = ask(
        server,
        ansible_become=True,
        ansible_become_exe=sudo,
        ansible_become_password="s3cret",
        ansible_python_interpreter="auto",
    )
    assert found.error is None


def test_root_needs_no_sudo(server: SshServer) -> None:
    server.user = "root"
    assert (
        ask(server, ansible_user="root", ansible_become=True, ansible_become_exe="/no/such/sudo").error
        is None
    )


def test_a_jump_host_is_passed_through_and_checked(server: SshServer) -> None:
    (server.folder / "inner").mkdir()
    inner = SshServer(server.folder / "inner")
    config = server.folder / "config"
    config.write_text(
        f"Host bastion\n HostName 127.0.0.1\n Port {server.port}\n User admin\n"
        f" IdentityFile {server.key_file}\n UserKnownHostsFile {server.known_hosts}\n"
    )
    arguments = f"-F {config} -o ProxyJump=bastion -o UserKnownHostsFile={inner.known_hosts}"
    found = ask(inner, ansible_ssh_common_args=arguments)
    assert found.error is None
    assert server.forwarded == [("127.0.0.1", inner.port)]
    server.known_hosts.write_text("")
    remote._known_hosts.cache_clear()
    assert (
        ask(inner, ansible_ssh_common_args=arguments).error
        == f"host key of [127.0.0.1]:{server.port} is unknown"
    )
    inner.stop()


def test_a_proxy_command_is_used(server: SshServer) -> None:
    relay = script(
        server.folder,
        "relay",
        f'exec {shlex.quote(sys.executable)} -c "'
        "import socket,sys,threading,os\n"
        "s=socket.create_connection((sys.argv[1],int(sys.argv[2])))\n"
        "def back():\n"
        "    while True:\n"
        "        b=s.recv(65536)\n"
        "        if not b: os._exit(0)\n"
        "        os.write(1,b)\n"
        "threading.Thread(target=back,daemon=True).start()\n"
        "while True:\n"
        "    b=os.read(0,65536)\n"
        "    if not b: break\n"
        '    s.sendall(b)" "$1" "$2"',
    )
    arguments = f"{variables(server)['ansible_ssh_common_args']} -o ProxyCommand='{relay} %h %p'"
    assert ask(server, ansible_ssh_common_args=arguments).error is None


def test_arguments_that_ssh_refuses_are_told_in_its_words(server: SshServer) -> None:
    found = ask(server, ansible_ssh_common_args="-o NoSuchOption=1")
    assert found.error is not None
    assert "Bad configuration option: nosuchoption" in found.error


def test_an_interrupt_closes_every_connection(server: SshServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.behaviour.hang = True
    connections = remote.Connections()
    monkeypatch.setattr(remote, "Connections", lambda: connections)

    def interrupt(_: HostProbe) -> None:
        raise KeyboardInterrupt

    (server.folder / "good").mkdir()
    good = SshServer(server.folder / "good")
    hosts = (Host("hangs", (), variables(server)), Host("good", (), variables(good)))
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        probe(Fleet(server.folder / "hosts.ini", None, hosts), on_host=interrupt)
    good.stop()
    assert time.monotonic() - started < 5
    deadline = time.monotonic() + 5
    while any(thread.name == "provision-probe" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_many_hosts_are_asked_by_few_threads_that_do_not_meet(
    server: SshServer, request: pytest.FixtureRequest
) -> None:
    request.addfinalizer(partial(sys.setswitchinterval, sys.getswitchinterval()))
    sys.setswitchinterval(1e-6)
    hosts = tuple(Host(f"h{number}", (), variables(server)) for number in range(40))
    found = probe(Fleet(server.folder / "hosts.ini", None, hosts))
    assert [each.error for each in found.values()] == [None] * 40
    assert list(found) == [host.name for host in hosts]


def test_a_surprise_on_one_host_is_that_hosts_error(
    server: SshServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts = tuple(Host(name, (), variables(server)) for name in ("good", "bad"))
    real = remote.probe

    def surprising(target: Target, connections: remote.Connections, payload: bytes) -> object:
        if target.name == "bad":
            raise ZeroDivisionError("surprise")
        return real(target, connections, payload)

    monkeypatch.setattr(remote, "probe", surprising)
    found = probe(Fleet(server.folder / "hosts.ini", None, hosts))
    assert found["good"].error is None
    assert found["bad"].error == "unexpected ZeroDivisionError: surprise"
