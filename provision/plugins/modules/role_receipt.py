#!/usr/bin/python
"""Withdraws or writes the receipt of a role on this host."""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.host.disk_room import HINT, obstacle
from ..module_utils.receipts.resources import ResourcesError, measure
from ..module_utils.receipts.store import DIRECTORY, build, receipt_path, withdraw, write

DOCUMENTATION = r"""
module: role_receipt
short_description: Withdraw or write the receipt that a role leaves on a host
description:
  - A receipt records what went into a role and the state of everything that the role is responsible for,
    measured on the host. C(provision) runs a role again only where either differs.
  - The first task of a role withdraws the receipt and the last one writes it, so that a run that ends in
    between leaves none.
  - Fails before anything is changed where a receipt could not be written in the end, on a disk that is full
    or read-only.
  - Never reports a change, and does nothing in check mode but that look at the disk.
options:
  role:
    description: Name of the role.
    type: str
    required: true
  state:
    description: Whether the receipt is removed, or measured and written.
    type: str
    choices: [withdrawn, written]
    required: true
  resources:
    description:
      - What the role is responsible for on this host, by kind.
      - C(files), C(absent), C(packages), C(units) and C(kernel_modules) are lists, of paths or of names.
      - C(programs) are paths by package, C(groups) are users by group, C(mig) is a list of PCI addresses.
      - C(json_keys) is a C(path) and its C(keys), each a list of names from the outermost on; or a list of such.
      - C(gpus), C(nouveau_absent) and C(cdi) are true or false.
    type: dict
    default: {}
  inputs:
    description: What went into the role. Filled in by the action plugin of the same name.
    type: dict
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
"""

EXAMPLES = r"""
- name: Withdraw the receipt
  role_receipt:
    role: docker_engine
    state: withdrawn

- name: Write the receipt
  role_receipt:
    role: docker_engine
    state: written
    resources:
      packages: [docker-ce, docker-ce-cli, containerd.io]
      units: [docker.service, containerd.service]
      json_keys:
        path: /etc/docker/daemon.json
        keys: [[log-driver]]
"""

RETURN = r"""
path:
  description: The receipt's path on the host.
  returned: always
  type: str
"""


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "role": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["withdrawn", "written"], "required": True},
            "resources": {"type": "dict", "default": {}},
            "inputs": {"type": "dict"},
        },
        supports_check_mode=True,
    )
    role, resources = module.params["role"], module.params["resources"]
    path = receipt_path(role)
    if module.params["state"] == "withdrawn":
        problem = obstacle([DIRECTORY])
        if problem is not None:
            module.fail_json(msg="the role could not leave its receipt: {}".format(problem), hint=HINT)
    if module.check_mode:
        module.exit_json(changed=False, path=path)
    try:
        if module.params["state"] == "withdrawn":
            withdraw(role)
        else:
            write(build(role, module.params["inputs"], resources, measure(resources)))
    except ResourcesError as error:
        module.fail_json(msg="role `{}` names a resource that cannot be measured: {}".format(role, error))
    except OSError as error:
        module.fail_json(
            msg="receipt `{}` could not be {}: {}".format(
                path, module.params["state"], error.strerror or error
            ),
            hint="check free space and that /var/lib is writable",
        )
    module.exit_json(changed=False, path=path)


if __name__ == "__main__":
    main()
