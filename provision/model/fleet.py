"""The fleet as the inventory declares it. Pure values; nothing here talks to a host."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from provision.model.desired import Desired


@dataclass(frozen=True)
class Host:
    """One host of the inventory.

    `variables` holds the raw values that reach the host, group variables merged in: templates are not
    resolved, and a vaulted value is `{"__ansible_vault": ciphertext}`. `folder` holds the inventory file that
    names the host, and is empty where no file does: names of files are relative to it. `files` has the content
    of the files that role variables name, by the name as written there and as rendered, once they were read.
    `desired` is what decisions are made by: every role variable as it reaches the run.
    """

    name: str
    groups: tuple[str, ...]
    variables: Mapping[str, object]
    folder: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)
    desired: Desired = field(default_factory=Desired)


@dataclass(frozen=True)
class Fleet:
    """The hosts of one inventory, after `--limit`, in the inventory's order."""

    inventory: Path
    limit: str | None
    hosts: tuple[Host, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the hosts, in order."""
        return tuple(host.name for host in self.hosts)

    def host(self, name: str) -> Host:
        """Return the host of that name. Raises KeyError."""
        for host in self.hosts:
            if host.name == name:
                return host
        raise KeyError(name)
