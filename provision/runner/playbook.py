"""One run of a playbook, as a value: what to run, on which hosts, with which variables."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from provision import content

_MOST_FORKS = 50
"""Hosts worked on at once. Each is a process of about 60 MB on the control machine."""


@dataclass(frozen=True)
class Playbook:
    """A playbook of ours by its bare name, for some hosts of an inventory.

    `extra_vars` win over every variable of the inventory; they are data, never text that others wrote,
    because Ansible resolves templates in them. Raises ValueError where there are no hosts.
    """

    name: str
    inventory: Path
    hosts: tuple[str, ...]
    extra_vars: Mapping[str, object] = field(default_factory=dict)
    check: bool = False
    diff: bool = False

    def __post_init__(self) -> None:
        if not self.hosts:
            raise ValueError("a playbook for no host: Ansible would take an empty limit for none")

    def argv(self, run_dir: Path) -> list[str]:
        """Return the command; hosts and variables lie in files, because arguments have a limit."""
        # -P: a module of the working directory must not take the place of one of Ansible's.
        command = [sys.executable, "-P", "-m", "ansible", "playbook"]
        command += ["--inventory", str(self.inventory)]
        command += ["--limit", f"@{run_dir / 'hosts'}"]
        command += ["--extra-vars", f"@{run_dir / 'extra_vars.json'}"]
        command += ["--forks", str(max(1, min(len(self.hosts), _MOST_FORKS)))]
        command += ["--check"] * self.check + ["--diff"] * self.diff
        return [*command, content.playbook(self.name)]

    def files(self) -> dict[str, str]:
        """Return the files that the command reads from the directory of the run, by name."""
        return {
            "hosts": "".join(f"{host}\n" for host in self.hosts),
            "extra_vars.json": json.dumps(dict(self.extra_vars), indent=1, sort_keys=True),
        }
