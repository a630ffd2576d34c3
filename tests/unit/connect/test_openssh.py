"""OpenSSH's own answers, read."""

from dataclasses import replace
from pathlib import Path

import pytest

from provision.connect.openssh import ConfigurationError, Settings, ask, jump_target, parse
from provision.connect.target import Target

OUTPUT = """\
host gpu-01
user admin
hostname 192.0.2.1
port 22
identitiesonly no
stricthostkeychecking ask
identityfile /site/my key
identityfile ~/.ssh/id_ed25519
globalknownhostsfile /etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2
userknownhostsfile ~/.ssh/known_hosts
proxycommand none
"""


def test_the_settings_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert parse(OUTPUT) == Settings(
        hostname="192.0.2.1",
        port=22,
        user="admin",
        identities=(Path("/site/my key"), Path("/home/me/.ssh/id_ed25519")),
        use_agent=True,
        known_hosts=(
            Path("/home/me/.ssh/known_hosts"),
            Path("/etc/ssh/ssh_known_hosts"),
            Path("/etc/ssh/ssh_known_hosts2"),
        ),
        host_key_alias=None,
        check_host_key="ask",
        proxy_command=None,
        jumps=(),
    )


@pytest.mark.parametrize(
    ("line", "used"),
    [("identityagent none", False), ("identityagent /run/agent", True), ("identitiesonly yes", False)],
)
def test_the_agent_is_asked_where_openssh_would(line: str, used: bool) -> None:
    output = OUTPUT.replace("identitiesonly no\n", "") + line + "\n"
    assert parse(output).use_agent is used


@pytest.mark.parametrize(
    ("port", "alias", "name"),
    [(22, None, "192.0.2.1"), (2222, None, "[192.0.2.1]:2222"), (2222, "gpu", "gpu"), (22, "gpu", "gpu")],
)
def test_the_name_in_known_hosts(port: int, alias: str | None, name: str) -> None:
    assert replace(parse(OUTPUT), port=port, host_key_alias=alias).host_key_name == name


@pytest.mark.parametrize(
    ("jumps", "address", "user", "port", "arguments"),
    [
        (("bastion",), "bastion", None, None, ()),
        (("ops@bastion:2222",), "bastion", "ops", 2222, ()),
        (("ops@[2001:db8::1]:2222",), "2001:db8::1", "ops", 2222, ()),
        (("ssh://ops@bastion:2222",), "bastion", "ops", 2222, ()),
        (("first", "second"), "second", None, None, ("-o", "ProxyJump=first")),
    ],
)
def test_a_jump_host_is_a_target_of_its_own(
    jumps: tuple[str, ...], address: str, user: str | None, port: int | None, arguments: tuple[str, ...]
) -> None:
    target = Target("gpu-01", "192.0.2.1", user="admin", key="/k", password="x", arguments=("-C",))
    found = jump_target(replace(parse(OUTPUT), jumps=jumps), target)
    assert (found.address, found.user, found.port, found.arguments) == (address, user, port, arguments)
    assert (found.key, found.password, found.become) == (None, None, None)


@pytest.mark.parametrize("given", [("-F", "/c"), ("-F/c",)])
def test_a_jump_host_is_read_from_the_same_file(given: tuple[str, ...]) -> None:
    target = Target("gpu-01", "192.0.2.1", arguments=("-C", *given, "-J", "b"))
    assert jump_target(replace(parse(OUTPUT), jumps=("b",)), target).arguments == given


def test_openssh_itself_is_asked(tmp_path: Path) -> None:
    included = tmp_path / "more"
    included.write_text("Host gpu-*\n  Port 2200\n  User fromfile\n  ProxyJump one,two\n")
    config = tmp_path / "config"
    config.write_text(f"Include {included}\nHost gpu-01\n  HostName 192.0.2.7\n")
    target = Target("h", "gpu-01", user="admin", key="/site/my key", arguments=("-F", str(config)))
    found = ask(target)
    assert (found.hostname, found.port, found.user) == ("192.0.2.7", 2200, "admin")
    assert found.jumps == ("one", "two")
    assert Path("/site/my key") in found.identities


def test_what_openssh_refuses_is_told_in_its_words() -> None:
    with pytest.raises(ConfigurationError, match="nosuchoption"):
        ask(Target("h", "gpu-01", arguments=("-o", "NoSuchOption=1")))


def test_an_address_cannot_become_an_option() -> None:
    with pytest.raises(ConfigurationError):
        ask(Target("h", "-oProxyCommand=touch /tmp/x"))
