"""How the checks reach a host: arguments of ssh, root, and the words for what keeps us out."""

import os
import subprocess
from pathlib import Path

import pytest

from provision.connect.target import Become, Target
from provision.verify.connection import (
    AnsibleBackend,
    OpenSshBackend,
    UnreachableError,
    remote_line,
    ssh_argv,
    unreachable,
)
from provision.verify.wanted import Wanted


def test_everything_of_the_inventory_reaches_ssh() -> None:
    arguments = ("-F", "site.conf", "-o", "ProxyJump=bastion", "-o", "ControlMaster=no")
    target = Target(
        "gpu-01", "192.0.2.11", port=2222, user="ops", key="~/.ssh/gpu key", arguments=arguments, become=None
    )
    argv = ssh_argv(target, "id -u")
    assert argv[:9] == ["ssh", "-T", *arguments, "-o"]
    assert "Port=2222" in argv
    assert "User=ops" in argv
    assert any(each.startswith('IdentityFile="/') and each.endswith('/.ssh/gpu key"') for each in argv)
    assert "BatchMode=yes" in argv
    assert "ServerAliveInterval=15" in argv
    assert argv[-3:] == ["--", "192.0.2.11", "/bin/sh -c 'id -u'"]


def test_passwords_are_never_arguments() -> None:
    target = Target("gpu-01", "192.0.2.11", password="s3cret", become=Become(password="t0psecret"))
    argv = ssh_argv(target, "true")
    assert argv[:3] == ["sshpass", "-e", "ssh"]
    assert "BatchMode=yes" not in argv
    assert "s3cret" not in " ".join(argv)
    assert "t0psecret" not in " ".join(argv)


@pytest.mark.parametrize(
    ("become", "sudo"),
    [
        (Become(), "sudo -H -n -u root"),
        (Become(password="x"), "sudo -H -S -p '' -u root"),
        (Become(program="/opt/sudo", user="svc", flags=("-E",)), "/opt/sudo -E -n -u svc"),
    ],
)
def test_sudo_is_asked_as_the_inventory_says(become: Become, sudo: str) -> None:
    assert remote_line(become, "true").endswith(f" true {sudo}")


def test_a_line_survives_every_shell_on_its_way() -> None:
    line = """printf '%s\\n' "it's" '$HOME' 'a  b'"""
    done = subprocess.run(
        ["/bin/sh", "-c", remote_line(None, line)], check=True, capture_output=True, text=True
    )
    assert done.stdout == "it's\n$HOME\na  b\n"


@pytest.mark.parametrize(
    ("stderr", "message", "hint"),
    [
        ("Host key verification failed.\r\n", "Host key verification failed", "known_hosts"),
        (
            "admin@192.0.2.1: Permission denied (publickey).\n",
            "Permission denied (publickey)",
            "ansible_user",
        ),
        ("ssh: connect to host a port 22: Connection timed out\n", "Connection timed out", "ansible_host"),
        (
            "Warning: x\nsudo: a password is required\n",
            "sudo: a password is required",
            "ansible_become_password",
        ),
        ("no Python on this host\n", "no Python on this host", "python3"),
    ],
)
def test_what_keeps_us_out_is_said_with_a_cure(stderr: str, message: str, hint: str) -> None:
    error = unreachable(stderr)
    assert message in error.message
    assert hint in (error.hint or "")


def test_silence_is_an_error_too() -> None:
    assert unreachable("").message == "ssh ended without a word"


def test_what_is_wanted_by_default() -> None:
    assert Wanted() == Wanted(image=None, default_runtime=True, cdi=True, users=())
    assert AnsibleBackend.get_connection_type() == "through-ansible"


def test_a_dropped_connection_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A jump host that takes few connections at once drops the others before they log in."""
    ssh = tmp_path / "ssh"
    ssh.write_text(
        f"#!/bin/sh\necho x >>{tmp_path}/tries\n"
        f'[ "$(wc -l <{tmp_path}/tries)" -ge 3 ] && exec echo through\n'
        "echo 'kex_exchange_identification: read: Connection reset by peer' >&2\nexit 255\n"
    )
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr("provision.verify.connection.time.sleep", lambda _: None)
    backend = OpenSshBackend(Target("gpu-01", "192.0.2.11"))
    assert backend.run("true").stdout == "through\n"


def test_a_connection_that_stays_dropped_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text("#!/bin/sh\necho 'Connection reset by 192.0.2.11 port 22' >&2\nexit 255\n")
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr("provision.verify.connection.time.sleep", lambda _: None)
    with pytest.raises(UnreachableError, match="Connection reset") as caught:
        OpenSshBackend(Target("gpu-01", "192.0.2.11")).run("true")
    assert "MaxStartups" in (caught.value.hint or "")
