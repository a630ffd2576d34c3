"""Runs our plays on this machine with stand-ins for the modules: what is called, in which order, with what.

Ansible's own `reboot` has no stand-in: no answer here may ask for one.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from provision import content

# Takes the options that the module documents, keeps what it was given, and answers from a table; a refusal refuses.
STAND_IN = """\
#!/usr/bin/python
import json, os
from ansible.module_utils.basic import AnsibleModule
module = AnsibleModule(json.loads({spec!r}), supports_check_mode=True)
with open(os.environ["CALLS"], "a") as file:
    file.write(json.dumps({{"module": {name!r}, "check": module.check_mode, "options": module.params}}) + "\\n")
if {name!r} == "refusal":
    module.fail_json(refused=True, **module.params)
module.exit_json(**{{"changed": False, **json.loads(os.environ["ANSWERS"]).get({name!r}, {{}})}})
"""
SETUP: dict[str, Any] = {name: {} for name in ("gather_subset", "gather_timeout", "filter", "fact_path")}
FACTS = {
    "ansible_os_family": "Debian",
    "ansible_distribution": "Debian",
    "ansible_distribution_version": "13.5",
    "ansible_distribution_major_version": "13",
    "ansible_distribution_release": "trixie",
    "ansible_architecture": "x86_64",
}
TRANSACTION: dict[str, Any] = {
    "install": {},
    "upgrade": {},
    "downgrade": {},
    "remove": [],
    "hold": [],
    "unhold": [],
}
GPU = "0000:07:00.0"
ANSWERS: dict[str, dict[str, Any]] = {
    "setup": {"ansible_facts": FACTS},
    "gpu_info": {"gpus": [{"pci": GPU}], "cdi": {"/etc/cdi/nvidia.yaml": "digest"}},
    "docker_daemon_info": {"victims": []},
    "package_versions_info": {"versions": {"docker-ce": ["5:28.5.2-1"], "docker-ce-cli": ["5:28.5.2-1"]}},
    "package_repository": {"files": ["/etc/apt/x"], "absent": []},
    "package_set": {"transaction": {**TRANSACTION, "install": {"docker-ce": "5:28.5.2-1"}}},
    "package_programs": {"programs": []},
    "docker_daemon_config": {"activation": "none", "keys": {}},
    "nvidia_driver_selection": {
        "version": "580.95.05",
        "flavour": "open",
        "packages": {"nvidia-driver-cuda": "580.95.05-1", "linux-headers-amd64": None},
        "absent": [],
        "held": ["nvidia-driver-cuda"],
        "units": ["nvidia-persistenced.service"],
    },
    "nvidia_kernel_module": {"action": "load", "reboot_reason": ""},
    "nvidia_mig_layout": {
        "changed": True,
        "reboot_required": False,
        "gpus": [{"created": 3, "destroyed": 1}],
        "addresses": [GPU],
        "files": ["/etc/provision/mig.json"],
    },
}


@dataclass(frozen=True)
class Call:
    """One module as it was run."""

    module: str
    check: bool
    options: Mapping[str, Any]


@dataclass(frozen=True)
class Run:
    """What a play did: the modules that it ran, in order, and what Ansible said."""

    calls: Sequence[Call]
    code: int
    said: str

    def of(self, module: str) -> list[Call]:
        """Return the calls of one module."""
        return [call for call in self.calls if call.module == module]


Play = Callable[..., Run]


def _options(module: Path) -> dict[str, Any]:
    """Return the argument spec that the documentation of a module describes."""
    documentation = re.findall(r'DOCUMENTATION = r"""(.*?)"""', module.read_text(), re.S)[0]
    keys = ("type", "elements", "required", "default", "choices")
    options = yaml.safe_load(documentation).get("options", {})
    return {name: {key: each[key] for key in keys if key in each} for name, each in options.items()}


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Return a function that runs a play, one of ours by its name or a text, on a host with these variables."""
    library = tmp_path / "library"
    library.mkdir()
    specs = {path.stem: _options(path) for path in (content.plugins_directory() / "modules").glob("[!_]*.py")}
    for name, spec in {**specs, "setup": SETUP}.items():
        (library / f"{name}.py").write_text(STAND_IN.format(name=name, spec=json.dumps(spec)))

    def run(
        text: str,
        *arguments: str,
        answers: Mapping[str, Mapping[str, Any]] | None = None,
        **variables: object,
    ) -> Run:
        host: dict[str, object] = {"ansible_connection": "local", "ansible_become": False}
        host.update(ansible_python_interpreter=sys.executable, **variables)
        inventory = tmp_path / "fleet.json"
        inventory.write_text(json.dumps({"all": {"hosts": {"h1": host}}}))
        path = Path(content.playbook(text)) if "\n" not in text else tmp_path / "play.yml"
        if "\n" in text:
            path.write_text(text)
        calls = tmp_path / "calls"
        calls.write_text("")
        done = subprocess.run(
            [Path(sys.executable).with_name("ansible-playbook"), "-i", inventory, path, *arguments],
            cwd=tmp_path,
            env={
                **os.environ,
                **content.environment(),
                "ANSIBLE_LIBRARY": str(library),
                "ANSIBLE_LOCALHOST_WARNING": "0",
                "ANSWERS": json.dumps({**ANSWERS, **(answers or {})}),
                "CALLS": str(calls),
                "LC_ALL": "C.UTF-8",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        found = [Call(**json.loads(line)) for line in calls.read_text().splitlines()]
        return Run(found, done.returncode, done.stdout + done.stderr)

    return run
