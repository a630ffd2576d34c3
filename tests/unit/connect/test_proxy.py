"""Hosts that are reached through a program."""

import shlex
import sys
import time

import pytest

from tests.unit.connect.ssh_server import ANSWER, SshServer, ask, refused, script, variables


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
    assert ask(server, ansible_ssh_common_args=arguments) == ANSWER


def test_a_proxy_command_that_ends_is_told_at_once(
    server: SshServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provision.connect.remote.random.uniform", lambda *_: 0.01)
    arguments = f"{variables(server)['ansible_ssh_common_args']} -o ProxyCommand=/bin/false"
    started = time.monotonic()
    told = refused(server, ansible_ssh_common_args=arguments)
    assert "is closed before anybody can log in" in told.message
    assert time.monotonic() - started < 5
