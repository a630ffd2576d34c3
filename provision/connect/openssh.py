"""What OpenSSH makes of its configuration for one host: asked of `ssh -G`, so nothing is read differently.

`ssh -G` prints the settings that a connection would use, with every Include, Match and default applied.
"""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from provision.connect.target import Target

_TIMEOUT = 10.0
_DEFAULT_PORT = 22


class ConfigurationError(Exception):
    """OpenSSH refuses its configuration or the arguments of the inventory; the message is its own."""


@dataclass(frozen=True)
class Settings:
    """The part of OpenSSH's settings that a connection of ours can honour."""

    hostname: str
    port: int
    user: str
    identities: tuple[Path, ...]
    use_agent: bool
    known_hosts: tuple[Path, ...]
    host_key_alias: str | None
    check_host_key: str
    proxy_command: str | None
    jumps: tuple[str, ...]

    @property
    def host_key_name(self) -> str:
        """Return the name under which known_hosts files list the host."""
        name = self.host_key_alias or self.hostname
        return name if self.port == _DEFAULT_PORT or self.host_key_alias else f"[{name}]:{self.port}"


def ask(target: Target) -> Settings:
    """Return OpenSSH's settings for the target. Raises ConfigurationError."""
    argv = ["ssh", "-G", *target.arguments]
    if target.port is not None:
        argv += ["-o", f"Port={target.port}"]
    if target.user is not None:
        argv += ["-o", f"User={target.user}"]
    if target.key is not None:
        argv += ["-o", f'IdentityFile="{Path(target.key).expanduser()}"']
    try:
        done = subprocess.run(
            [*argv, "--", target.address],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except FileNotFoundError as error:
        raise ConfigurationError("no `ssh` on this machine") from error
    except subprocess.TimeoutExpired as error:
        raise ConfigurationError("`ssh -G` does not answer") from error
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        raise ConfigurationError(lines[-1] if lines else f"`ssh -G` ended with {done.returncode}")
    return parse(done.stdout)


def parse(output: str) -> Settings:
    """Read the output of `ssh -G`: one keyword and its value a line; keywords may repeat."""
    values: dict[str, list[str]] = {}
    for line in output.splitlines():
        keyword, _, value = line.partition(" ")
        values.setdefault(keyword.lower(), []).append(value)
    jumps = _one(values, "proxyjump")
    alias = _one(values, "hostkeyalias")
    return Settings(
        hostname=values["hostname"][0],
        port=int(values["port"][0]),
        user=values["user"][0],
        identities=tuple(Path(value.strip('"')).expanduser() for value in values.get("identityfile", [])),
        use_agent=_one(values, "identityagent") != "none" and _one(values, "identitiesonly") != "yes",
        known_hosts=tuple(
            Path(name).expanduser()
            for keyword in ("userknownhostsfile", "globalknownhostsfile")
            for name in (_one(values, keyword) or "").split()
        ),
        host_key_alias=alias,
        check_host_key=_one(values, "stricthostkeychecking") or "ask",
        proxy_command=_one(values, "proxycommand"),
        jumps=tuple(jumps.split(",")) if jumps else (),
    )


def jump_target(settings: Settings, target: Target) -> Target:
    """Return the last jump host as a target of its own, reached through the jumps before it."""
    user, _, place = settings.jumps[-1].removeprefix("ssh://").rpartition("@")
    address, _, port = place.partition(":") if "[" not in place else place[1:].partition("]:")
    before = ",".join(settings.jumps[:-1])
    # OpenSSH reads only its configuration files for a jump host, not the arguments for the host behind it.
    arguments = _configuration_file(target.arguments) + (("-o", f"ProxyJump={before}") if before else ())
    return replace(
        target,
        name=f"jump host {address}",
        address=address.rstrip("]"),
        port=int(port) if port.isdigit() else None,
        user=user or None,
        key=None,
        password=None,
        arguments=arguments,
        become=None,
    )


def _configuration_file(arguments: tuple[str, ...]) -> tuple[str, ...]:
    for position, argument in enumerate(arguments):
        if argument == "-F":
            return tuple(arguments[position : position + 2])
        if argument.startswith("-F"):
            return (argument,)
    return ()


def _one(values: Mapping[str, list[str]], keyword: str) -> str | None:
    value = values.get(keyword, [""])[0].strip()
    return value if value and (value != "none" or keyword == "identityagent") else None
