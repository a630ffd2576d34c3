"""What a host's program printed: the answer, or what keeps the host from answering."""

import json
import shlex
import sys

import pytest

from provision.connect import answer
from provision.connect.answer import read
from provision.connect.program import NO_PYTHON
from provision.errors import ConnectError
from provision.plugins.module_utils.asking.answer import BEGIN, END
from tests.unit.connect.ssh_server import SshServer, refused, script


def test_a_garbled_answer_is_an_error() -> None:
    with pytest.raises(ConnectError, match="the host's answer is garbled"):
        read('provision-answer-begin {"os provision-answer-end', "", 0, "admin")


@pytest.mark.parametrize(("user", "who"), [("admin", "user `admin`"), (None, "the user")])
def test_who_is_not_root_is_told(user: str | None, who: str) -> None:
    with pytest.raises(ConnectError, match=f"^{who} is not root on the host$") as caught:
        read('provision-answer-begin {"error": "not root"} provision-answer-end', "", 0, user)
    assert "ansible_become" in (caught.value.hint or "")
    assert caught.value.reachable


def test_a_host_without_python(server: SshServer) -> None:
    told = refused(server, ansible_python_interpreter="/no/such/python")
    assert told.message == "no Python on the host"
    assert NO_PYTHON not in str(told)
    assert "ansible_python_interpreter" in (told.hint or "")


def test_a_broken_python(server: SshServer) -> None:
    broken = script(server.folder, "broken", "echo 'ImportError: no module named zlib' >&2; exit 1")
    told = refused(server, ansible_python_interpreter=broken)
    assert told.message == "Python failed on the host (exit code 1): ImportError: no module named zlib"


def test_a_python_that_is_too_old(server: SshServer) -> None:
    old = script(
        server.folder,
        "old",
        f'exec {sys.executable} "$1" "$2" "import sys; sys.version_info = (3, 6, 8); exec(sys.argv[1])" "$3"',
    )
    told = refused(server, ansible_python_interpreter=old)
    assert told.message == "Python 3.6 on the host is too old"
    assert "3.8" in (told.hint or "")


@pytest.mark.parametrize(
    ("says", "message"),
    [
        ("sudo: a password is required", "sudo asks `admin` for a password"),
        ("admin is not in the sudoers file.", "user `admin` may not use sudo"),
        ("sudo: 1 incorrect password attempt", "sudo refuses the password of `admin`"),
    ],
)
def test_what_sudo_refuses_is_told(server: SshServer, says: str, message: str) -> None:
    sudo = script(server.folder, "sudo", f"echo {shlex.quote(says)} >&2; exit 1")
    told = refused(server, ansible_become=True, ansible_become_exe=sudo)
    assert (told.message, told.reachable) == (message, True)
    assert told.hint


def test_no_sudo_on_the_host(server: SshServer) -> None:
    told = refused(server, ansible_become=True, ansible_become_exe="/no/such/sudo")
    assert told.message == "no sudo on the host"


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "7",
        '"x"',
        '{"a": NaN}',
        '{"a": -Infinity}',
        '{"a": 1e999}',
        '{"a": 9223372036854775808}',
        f'{{"a": {"9" * 5000}}}',
        f'{{"a": {"[" * 60}{"]" * 60}}}',
        f'{{"a": {"[" * 100_000}{"]" * 100_000}}}',
    ],
)
def test_what_is_no_plain_document_is_that_hosts_error(text: str) -> None:
    with pytest.raises(ConnectError, match="answer is garbled") as raised:
        answer.read(f"{BEGIN} {text} {END}", "", 0, None)
    assert raised.value.hint


def test_texts_of_an_answer_are_visible() -> None:
    text = json.dumps({"os\x1b": ["\x1b[2J\u202e\ud800", "two\nlines"]})
    found = answer.read(f"{BEGIN} {text} {END}", "", 0, None)
    assert found == {r"os\x1b": [r"\x1b[2J\u202e\ud800", "two\nlines"]}
