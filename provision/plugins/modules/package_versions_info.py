#!/usr/bin/python
"""Ansible module: which versions of packages the repositories offer, pending repositories included."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.packages.managers import OPTIONS, PackageManagerError, opened

DOCUMENTATION = r"""
module: package_versions_info
short_description: Tells which versions of packages the repositories offer
description:
  - Repositories that are not configured yet can be asked too. Their lists are read, with signatures verified,
    in a temporary configuration; nothing of the host changes.
options:
  names:
    description: Names of packages.
    type: list
    elements: str
    required: true
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
    description: Reads only, in both modes.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
author: [provision contributors]
"""

EXAMPLES = r"""
- name: Ask which versions there are
  package_versions_info:
    names: [nvidia-container-toolkit]
"""

RETURN = r"""
versions:
  description: Versions by package name, newest first. Empty where no repository offers the package.
  returned: success
  type: dict
installed:
  description: Installed version by package name. Packages that are not installed are left out.
  returned: success
  type: dict
held:
  description: Which of the packages are held.
  returned: success
  type: list
  elements: str
"""


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "names": {"type": "list", "elements": "str", "required": True},
            **OPTIONS,
        },
        supports_check_mode=True,
    )
    names = module.params["names"]
    try:
        with opened(module, module.params) as packages:
            packages.refresh()
            versions = packages.versions(names)
            installed = packages.installed()
            held = packages.held()
    except PackageManagerError as error:
        module.fail_json(msg=str(error), hint=error.hint)
    module.exit_json(
        changed=False,
        versions=versions,
        installed={name: installed[name] for name in names if name in installed},
        held=sorted(set(names) & held),
    )


if __name__ == "__main__":
    main()
