"""What the action plugin records in a real run is what the controller computes from the same inventory."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from provision import content

SPECS = """\
argument_specs:
  main:
    options:
      demo_version: {type: str}
      demo_flag: {type: bool}
      demo_number: {type: int}
      demo_float: {type: float}
      demo_date: {type: str}
      demo_list: {type: list}
      demo_map: {type: dict}
      demo_secret: {type: str}
      demo_vault_file: {type: str}
      demo_template: {type: str}
      demo_unsafe: {type: str}
      demo_null: {type: str}
      demo_default: {type: str}
      demo_templated_default: {type: str}
"""
GROUP_VARS = """\
demo_version: "580.95.05"
demo_flag: true
demo_number: 0644
demo_float: 2.50
demo_date: 2026-01-02
demo_list: [1, two, {three: null}]
demo_map: {a: {b: "c d"}, 1: number}
demo_null:
elsewhere: x
"""
# Nothing is written on this machine: this stands for the module and only keeps what it was given.
MODULE = """\
#!/usr/bin/python
import json, os
from ansible.module_utils.basic import AnsibleModule
module = AnsibleModule({"role": {}, "state": {}, "resources": {"type": "dict"}, "inputs": {"type": "dict"}},
                       supports_check_mode=True)
with open(os.environ["KEPT"], "a") as file:
    file.write(json.dumps(module.params) + "\\n")
module.exit_json(changed=False)
"""
CONTROLLER = """
import json, sys, yaml
from pathlib import Path
from provision import inventory
from provision.plugins.module_utils.receipts.inputs import content_digest, content_of, differences, with_files
from provision.plugins.module_utils.receipts.inputs import spec_variables
(host,) = inventory.load(Path("inventory/hosts.ini")).hosts
recorded = json.loads(Path("recorded.json").read_text())
specs = spec_variables(yaml.safe_load(Path("roles/demo/meta/argument_specs.yml").read_text()))
values = with_files(specs, host.variables, lambda value: content_of(value, host.folder))
found = differences(recorded, content_digest(*sys.argv[1:]), specs, values)
print(json.dumps([each.text for each in found]))
"""
BIN = Path(sys.executable).parent


class Site:
    """A role, an inventory and a playbook in a folder, run by the real ansible-playbook."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.role = root / "roles/demo"
        self.put("roles/demo/meta/argument_specs.yml", SPECS)
        self.put(
            "roles/demo/defaults/main.yml", 'demo_default: d\ndemo_templated_default: "{{ demo_default }}"\n'
        )
        self.put(
            "roles/demo/tasks/main.yml",
            "- role_receipt: {role: demo, state: written, resources: {gpus: true}}\n",
        )
        self.put("library/role_receipt.py", MODULE)
        self.put("ansible.cfg", "")
        self.put("vault-password", "secret")
        self.put(
            "inventory/hosts.ini",
            f"[gpu]\nh1 ansible_connection=local ansible_python_interpreter={sys.executable}\n",
        )
        self.put("inventory/group_vars/gpu.yml", GROUP_VARS)
        self.put(
            "play.yml", "- hosts: all\n  gather_facts: false\n  tasks:\n    - include_role: {name: demo}\n"
        )

    def put(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def add(self, name: str, text: str) -> None:
        self.put(name, (self.root / name).read_text() + text)

    def ansible(self, program: str, *arguments: str) -> str:
        return self.run_program(str(BIN / program), *arguments)

    def run_program(self, *argv: str) -> str:
        done = subprocess.run(
            argv,
            cwd=self.root,
            env={
                **os.environ,
                "ANSIBLE_CONFIG": str(self.root / "ansible.cfg"),
                "ANSIBLE_ROLES_PATH": str(self.root / "roles"),
                "ANSIBLE_LIBRARY": str(self.root / "library"),
                "ANSIBLE_ACTION_PLUGINS": str(content.plugins_directory() / "action"),
                "ANSIBLE_VAULT_PASSWORD_FILE": str(self.root / "vault-password"),
                "ANSIBLE_LOCALHOST_WARNING": "0",
                "KEPT": str(self.root / "kept"),
                "LC_ALL": "C.UTF-8",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def run(self, *arguments: str) -> dict[str, Any]:
        """Run the playbook and return what the module was given."""
        (self.root / "kept").unlink(missing_ok=True)
        self.ansible("ansible-playbook", "-i", "inventory/hosts.ini", "play.yml", *arguments)
        found: dict[str, Any] = json.loads((self.root / "kept").read_text())
        return found

    def differences(self, recorded: dict[str, Any]) -> list[str]:
        """Return what the controller makes of what was recorded, in a process of its own as it is in life."""
        (self.root / "recorded.json").write_text(json.dumps(recorded["inputs"]))
        found: list[str] = json.loads(
            self.run_program(
                sys.executable, "-c", CONTROLLER, str(self.role), str(content.plugins_directory())
            )
        )
        return found


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_the_same_inventory_gives_the_same_inputs(site: Site) -> None:
    recorded = site.run()
    assert site.differences(recorded) == []
    assert recorded["resources"] == {"gpus": True}
    assert recorded["inputs"]["everything"] is None
    assert recorded["inputs"]["variables"]["demo_version"]["shown"] == "580.95.05"
    assert set(recorded["inputs"]["variables"]) == set(yaml_names(GROUP_VARS))
    site.add("inventory/group_vars/gpu.yml", "demo_default: e\n")
    assert site.differences(recorded) == ["demo_default set to e"]


def yaml_names(text: str) -> list[str]:
    return [line.partition(":")[0] for line in text.splitlines() if line.startswith("demo_")]


def test_vaulted_values_enter_as_ciphertext_and_templates_take_everything_along(site: Site) -> None:
    site.add(
        "inventory/group_vars/gpu.yml",
        site.ansible("ansible-vault", "encrypt_string", "hunter2", "-n", "demo_secret"),
    )
    site.put("inventory/host_vars/h1.yml", "demo_vault_file: hunter3\n")
    site.ansible("ansible-vault", "encrypt", "inventory/host_vars/h1.yml")
    site.add(
        "inventory/group_vars/gpu.yml",
        'demo_template: "{{ elsewhere }}/y"\ndemo_unsafe: !unsafe "{{ raw }}"\n',
    )
    recorded = site.run()
    assert site.differences(recorded) == []
    assert recorded["inputs"]["everything"] is not None
    assert "hunter" not in json.dumps(recorded)

    site.add("inventory/group_vars/gpu.yml", "elsewhere: z\n")
    assert site.differences(recorded) == [
        "a variable of the host changed, and `demo_template` may refer to it",
        "a variable of the host changed, and `demo_unsafe` may refer to it",
    ]


def test_what_wins_over_the_inventory_for_one_run_is_told_afterwards(site: Site) -> None:
    recorded = site.run("-e", "demo_version=590.48.01", "-e", "demo_default=mine", "-e", "other=1")
    assert site.differences(recorded) == [
        "demo_default no longer set (was mine)",
        "demo_version 590.48.01 -> 580.95.05",
    ]
    site.put(
        "play.yml",
        "- hosts: all\n  gather_facts: false\n  vars: {demo_flag: false}\n  tasks:\n"
        "    - include_role: {name: demo}\n      vars: {demo_version: '1'}\n",
    )
    assert site.differences(site.run()) == [
        "demo_flag false -> true",
        "demo_version 1 -> 580.95.05",
    ]
    site.put("play.yml", "- hosts: all\n  gather_facts: false\n  tasks:\n    - include_role: {name: demo}\n")
    assert site.differences(site.run("-e", "demo_version=580.95.05")) == []


@pytest.mark.parametrize("name", ["{root}/inventory/keys/key.asc", "keys/key.asc"])
def test_a_file_that_a_variable_names_is_read_on_both_sides(site: Site, name: str) -> None:
    site.put("inventory/keys/key.asc", "old")
    site.add("inventory/group_vars/gpu.yml", f"demo_default: {name.format(root=site.root)}\n")
    recorded = site.run()
    assert site.differences(recorded) == []
    site.put("inventory/keys/key.asc", "new")
    assert site.differences(recorded) == ["demo_default changed"]


def test_check_mode_records_nothing(site: Site) -> None:
    assert site.run("--check")["inputs"] is None


def test_a_withdrawal_needs_no_inputs(site: Site) -> None:
    site.put("roles/demo/tasks/main.yml", "- role_receipt: {role: demo, state: withdrawn}\n")
    assert site.run()["inputs"] is None
