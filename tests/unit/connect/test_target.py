"""How a host is reached, from its variables; and what only Ansible can tell."""

from dataclasses import replace

import pytest

from provision.connect.target import Become, LocalTarget, Target, resolve
from provision.connect.variables import UnresolvedError
from provision.model.fleet import Host

VAULTED = {"__ansible_vault": "ciphertext"}


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    names = "REMOTE_USER PRIVATE_KEY_FILE HOST_KEY_CHECKING SSH_ARGS SSH_COMMON_ARGS TIMEOUT SSH_TIMEOUT"
    for name in names.split():
        monkeypatch.delenv(f"ANSIBLE_{name}", raising=False)


def decrypt(ciphertext: str) -> str:
    return {"ciphertext": "s3cret"}[ciphertext]


def target(**variables: object) -> Target | LocalTarget | None:
    return resolve(Host("gpu-01", ("gpu",), variables, "/site/inventory"), decrypt)


def test_a_host_without_variables_is_reached_by_its_name() -> None:
    assert target() == Target("gpu-01", "gpu-01")


CASES: list[tuple[dict[str, object], dict[str, object]]] = [
    ({"ansible_host": "192.0.2.1"}, {"address": "192.0.2.1"}),
    ({"ansible_ssh_host": "192.0.2.1"}, {"address": "192.0.2.1"}),
    ({"ansible_port": 2222}, {"port": 2222}),
    ({"ansible_port": "2222"}, {"port": 2222}),
    ({"ansible_user": "admin"}, {"user": "admin"}),
    ({"ansible_ssh_user": "admin", "ansible_user": "other"}, {"user": "admin"}),
    ({"ansible_ssh_private_key_file": "~/k"}, {"key": "~/k"}),
    ({"ansible_private_key_file": "~/k"}, {"key": "~/k"}),
    ({"ansible_password": VAULTED}, {"password": "s3cret"}),
    ({"ansible_connection": "ssh"}, {}),
    ({"ansible_connection": "smart"}, {}),
    ({"ansible_timeout": 30}, {"timeout": 30.0}),
    ({"ansible_ssh_timeout": "5", "ansible_timeout": 30}, {"timeout": 5.0}),
    ({"ansible_become": False}, {"become": None}),
    ({"ansible_become": "no"}, {"become": None}),
    ({"ansible_become": "true"}, {}),
    ({"ansible_become_password": VAULTED}, {"become": Become(password="s3cret")}),
    ({"ansible_become_pass": "x"}, {"become": Become(password="x")}),
    ({"ansible_become_user": "toor"}, {"become": Become(user="toor")}),
    ({"ansible_become_exe": "/opt/sudo"}, {"become": Become(program="/opt/sudo")}),
    ({"ansible_become_flags": "-H -S -n -E"}, {"become": Become(flags=("-H", "-E"))}),
    ({"ansible_become_method": "sudo"}, {}),
    ({"ansible_python_interpreter": "/opt/python"}, {"interpreters": ("/opt/python",)}),
    ({"ansible_python_interpreter": "auto_silent"}, {}),
    ({"ansible_ssh_common_args": "-o A=b -J jump"}, {"arguments": ("-o", "A=b", "-J", "jump")}),
    (
        {"ansible_ssh_common_args": "-o 'ProxyCommand=nc %h %p'"},
        {"arguments": ("-o", "ProxyCommand=nc %h %p")},
    ),
    ({"ansible_ssh_extra_args": "-4", "ansible_ssh_common_args": "-C"}, {"arguments": ("-C", "-4")}),
    ({"ansible_host_key_checking": False}, {"arguments": ("-o", "StrictHostKeyChecking=no")}),
    ({"ansible_host": "{{ inventory_hostname }}.example"}, {"address": "gpu-01.example"}),
    ({"ansible_host": "{{ bmc | default('192.0.2.9') }}"}, {"address": "192.0.2.9"}),
    ({"ansible_host": "{{ a }}", "a": "{{ b }}1", "b": "192.0.2."}, {"address": "192.0.2.1"}),
    ({"ansible_ssh_private_key_file": "{{ inventory_dir }}/key"}, {"key": "/site/inventory/key"}),
    (
        {"ansible_become_password": "{{ vault_sudo }}", "vault_sudo": VAULTED},
        {"become": Become(password="s3cret")},
    ),
    ({"ansible_password": "{{ secrets['x'] }}", "secrets": {"x": VAULTED}}, {"password": "s3cret"}),
    ({"ansible_host": "{{ list[0] }}", "list": ["{{ a }}"], "a": "192.0.2.1"}, {"address": "192.0.2.1"}),
    ({"ansible_user": ""}, {}),
]


@pytest.mark.parametrize(("variables", "expected"), CASES, ids=lambda item: str(item)[:60])
def test_variables_are_honoured_as_ansible_honours_them(
    variables: dict[str, object], expected: dict[str, object]
) -> None:
    assert target(**variables) == Target(**{"name": "gpu-01", "address": "gpu-01", **expected})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "variables",
    [
        {"ansible_connection": "community.docker.docker"},
        {"ansible_connection": "winrm"},
        {"ansible_become_method": "su"},
        {"ansible_host": "{{ lookup('pipe', 'id') }}"},
        {"ansible_host": "{{ undefined_name }}"},
        {"ansible_host": "{{ a }}", "a": "{{ ansible_host }}"},
        {"ansible_host": "{{ ''.__class__ }}{{ 1 / 0 }}"},
        {"ansible_port": "{{ 'ssh' }}"},
        {"ansible_timeout": "soon"},
        {"ansible_ssh_common_args": "-o 'unbalanced"},
    ],
    ids=str,
)
def test_what_only_ansible_can_tell_is_left_to_it(variables: dict[str, object]) -> None:
    assert target(**variables) is None


@pytest.mark.parametrize("connection", ["local", "ansible.builtin.local"])
def test_this_machine_is_a_target_without_a_connection(connection: str) -> None:
    assert target(ansible_connection=connection) == LocalTarget()
    changes = {"ansible_become": False, "ansible_python_interpreter": "/opt/python"}
    assert target(ansible_connection=connection, **changes) == LocalTarget(None, ("/opt/python",))


def test_a_vault_that_cannot_be_opened_is_left_to_ansible() -> None:
    def refuse(_: str) -> str:
        raise UnresolvedError("no password")

    host = Host("gpu-01", (), {"ansible_password": VAULTED})
    assert resolve(host, refuse) is None


def test_the_environment_is_read_as_ansible_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSIBLE_REMOTE_USER", "ops")
    monkeypatch.setenv("ANSIBLE_PRIVATE_KEY_FILE", "/k")
    monkeypatch.setenv("ANSIBLE_HOST_KEY_CHECKING", "False")
    monkeypatch.setenv("ANSIBLE_SSH_COMMON_ARGS", "-C")
    monkeypatch.setenv("ANSIBLE_TIMEOUT", "20")
    arguments = ("-o", "StrictHostKeyChecking=no", "-C")
    expected = Target("gpu-01", "gpu-01", user="ops", key="/k", arguments=arguments, timeout=20.0)
    assert target() == expected
    assert target(ansible_user="admin") == replace(expected, user="admin")
