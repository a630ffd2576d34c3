#!/usr/bin/python
"""Ansible module: a set of packages at exact versions, installed, removed and held in one transaction."""

from __future__ import annotations

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.host.module import refuse_json
from ..module_utils.host.refusal import RefusedError
from ..module_utils.packages.installation import foresee
from ..module_utils.packages.managers import OPTIONS, PackageManager, PackageManagerError, opened
from ..module_utils.packages.transaction import Request, described, differing

DOCUMENTATION = r"""
module: package_set
short_description: Installs, removes and holds packages in one transaction, and nothing else
description:
  - Meets the whole request in one run of apt or dnf, without recommended packages, and holds what is to be
    held.
  - The run is simulated first. It is refused where it would remove a package that was not named, change a
    held one, or change any that was neither named nor allowed to change, and where the disk is too small.
  - In check mode the simulation is the result. Repositories that are not configured yet take part in it
    through a temporary configuration.
  - Waits for other package managers and never removes a lock. The daily jobs of apt are kept from starting
    while the transaction runs.
  - Package lists are read anew only when they are needed and too old.
options:
  packages:
    description: Packages to install, each with its exact version, or with V(null) where any will do.
    type: dict
    default: {}
  absent:
    description: Packages to remove. Their configuration files stay.
    type: list
    elements: str
    default: []
  hold:
    description: Packages to hold at their version, where they are installed.
    type: list
    elements: str
    default: []
  allow_downgrade:
    description: Whether a package may be replaced by an older version of itself.
    type: bool
    default: false
  allow_upgrades:
    description: Patterns of names of packages that may be upgraded, although not asked for, where need be.
    type: list
    elements: str
    default: []
  free_space_mib:
    description: Free disk space in MiB to leave for what the packages build when they are configured.
    type: int
    default: 100
  pending_repositories:
    description: Repositories that another task configures, with the options of M(package_repository).
    type: list
    elements: dict
    default: []
  lists_max_age:
    description: Age in seconds at which package lists are read anew.
    type: int
    default: 3600
  lock_timeout:
    description: Seconds to wait for another package manager to finish.
    type: int
    default: 600
  manager:
    description: The package manager. C(auto) asks os-release.
    type: str
    choices: [auto, apt, dnf]
    default: auto
attributes:
  check_mode:
    description: Returns the transaction that a run would carry out.
    support: full
  diff_mode:
    description: Shows the packages that change, before and after.
    support: full
author: [provision contributors]
"""

EXAMPLES = r"""
- name: Install the toolkit and keep it at this version
  package_set:
    packages: {nvidia-container-toolkit: 1.18.2-1, nvidia-container-toolkit-base: 1.18.2-1}
    hold: [nvidia-container-toolkit, nvidia-container-toolkit-base]
"""

RETURN = r"""
transaction:
  description: What changes - C(install), C(upgrade), C(downgrade) by name, C(remove), C(hold), C(unhold).
  returned: success
  type: dict
"""


def main() -> None:
    """Run the module."""
    names = {"type": "list", "elements": "str", "default": []}
    module = AnsibleModule(
        argument_spec={
            "packages": {"type": "dict", "default": {}},
            "absent": names,
            "hold": names,
            "allow_downgrade": {"type": "bool", "default": False},
            "allow_upgrades": names,
            "free_space_mib": {"type": "int", "default": 100},
            **OPTIONS,
        },
        supports_check_mode=True,
    )
    request = Request(
        packages=module.params["packages"],
        absent=frozenset(module.params["absent"]),
        hold=frozenset(module.params["hold"]),
        allow_downgrade=module.params["allow_downgrade"],
        allow_upgrades=tuple(module.params["allow_upgrades"]),
    )
    try:
        with opened(module, module.params) as packages:
            module.exit_json(**_converge(module, packages, request))
    except RefusedError as error:
        refuse_json(module, str(error), error.hint)
    except PackageManagerError as error:
        module.fail_json(msg=str(error), hint=error.hint)


def _converge(module: AnsibleModule, packages: PackageManager, request: Request) -> Dict[str, Any]:
    if differing(request, packages.installed()):
        packages.refresh()
    transaction, before = foresee(packages, request, module.params["free_space_mib"])
    if transaction and not module.check_mode:
        packages.commit(request, transaction)
    texts = described(transaction, before)
    return {
        "changed": bool(transaction),
        "transaction": transaction._asdict(),
        "diff": {
            "before_header": "packages",
            "after_header": "packages",
            "before": texts[0],
            "after": texts[1],
        },
    }


if __name__ == "__main__":
    main()
