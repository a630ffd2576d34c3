#!/usr/bin/python
"""Ansible module: which driver a host gets, or why it gets none."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.gpus.driver_selection import (
    Offer,
    Selection,
    Wish,
    candidates,
    choose_flavour,
    headers_metapackages,
    loose_names,
    parse_wish,
    refuse_secure_boot,
    refuse_workloads,
    replaces_module,
    row_for,
    select,
)
from ..module_utils.gpus.hardware import survey
from ..module_utils.host.machine import Machine
from ..module_utils.host.module import Module, refuse_json
from ..module_utils.host.os_release import APT
from ..module_utils.host.refusal import RefusedError
from ..module_utils.mig.gpu import MigGpu
from ..module_utils.mig.refusal import lost, refuse_loss
from ..module_utils.mig.survey import take_snapshot
from ..module_utils.packages.installation import foresee
from ..module_utils.packages.managers import OPTIONS, PackageManager, PackageManagerError, opened
from ..module_utils.packages.repository_files import manager
from ..module_utils.packages.transaction import Request, family
from ..module_utils.packages.versions import compare_debian, compare_rpm

DOCUMENTATION = r"""
module: nvidia_driver_selection
short_description: Chooses the NVIDIA driver of a host, or says why there is none for it
description:
  - Brings together what the GPUs need, what the repositories offer and what is asked for, and simulates the
    installation. Changes nothing.
  - Fails with C(refused) and a hint where the wish does not fit the host, or its
    packages cannot be installed without changing others.
options:
  version:
    description: A branch such as V(580), or an exact version such as V(580.95.05).
    type: str
    required: true
  flavour:
    description: Flavour of the kernel modules. C(auto) goes by the GPUs.
    type: str
    choices: [auto, open, proprietary]
    default: auto
  source:
    description: Whose packages.
    type: str
    choices: [nvidia, distro]
    default: nvidia
  fabric_manager:
    description: Whether Fabric Manager is installed. C(auto) goes by the NVSwitches.
    type: str
    choices: [auto, "true", "false"]
    default: auto
  allow_reboot:
    description: Whether the host may be rebooted under running workloads.
    type: bool
    default: false
  allow_mig_destroy:
    description: Whether MIG devices may be destroyed that no layout brings back.
    type: bool
    default: false
  partitioned:
    description: PCI addresses of GPUs that a MIG layout partitions later in the play, beside those on record.
    type: list
    elements: str
    default: []
  catalogue:
    description: Packages by source and branch.
    type: list
    elements: dict
    required: true
  branches:
    description: Branches that may exist, for names of packages that hold the branch.
    type: list
    elements: int
    required: true
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
    description: Reads only, in both modes.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
author: [provision contributors]
"""

EXAMPLES = r"""
- name: Choose the driver
  nvidia_driver_selection:
    version: "580"
    catalogue: "{{ __nvidia_driver_catalogue }}"
    branches: "{{ __nvidia_driver_branches }}"
"""

RETURN = r"""
version:
  description: The release.
  returned: success
  type: str
flavour:
  description: Flavour of the kernel modules.
  returned: success
  type: str
packages:
  description:
    - Packages for M(package_set), each with its exact version, or with null where any will do. With them what
      they depend on at the same upstream version, as far as a repository offers it.
  returned: success
  type: dict
held:
  description: Packages to hold.
  returned: success
  type: list
  elements: str
absent:
  description: Installed packages of another flavour, branch or source.
  returned: success
  type: list
  elements: str
units:
  description: Services to run.
  returned: success
  type: list
  elements: str
replaces_module:
  description: Whether another module is loaded and has to go.
  returned: success
  type: bool
"""


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "version": {"type": "str", "required": True},
            "flavour": {"type": "str", "choices": ["auto", "open", "proprietary"], "default": "auto"},
            "source": {"type": "str", "choices": ["nvidia", "distro"], "default": "nvidia"},
            "fabric_manager": {"type": "str", "choices": ["auto", "true", "false"], "default": "auto"},
            "allow_reboot": {"type": "bool", "default": False},
            "allow_mig_destroy": {"type": "bool", "default": False},
            "partitioned": {"type": "list", "elements": "str", "default": []},
            "catalogue": {"type": "list", "elements": "dict", "required": True},
            "branches": {"type": "list", "elements": "int", "required": True},
            "allow_upgrades": {"type": "list", "elements": "str", "default": []},
            "free_space_mib": {"type": "int", "default": 100},
            **OPTIONS,
        },
        supports_check_mode=True,
    )
    try:
        result = _choose(module)
    except RefusedError as error:
        refuse_json(module, str(error), error.hint)
    except PackageManagerError as error:
        module.fail_json(msg=str(error), hint=error.hint)
    module.exit_json(changed=False, **result)


def _choose(module: Module) -> Dict[str, Any]:
    """Return the result. Asks what is cheap first; raises RefusedError and PackageManagerError."""
    options = module.params
    wish = parse_wish(
        options["version"],
        flavour=options["flavour"],
        source=options["source"],
        fabric_manager=options["fabric_manager"],
        allow_reboot=options["allow_reboot"],
    )
    host = survey(Machine())
    choose_flavour(wish, host["gpus"], host["modules"]["needed"])
    refuse_secure_boot(row_for(options["catalogue"], wish.source, wish.branch), wish, host)
    with opened(module, options) as packages:
        selection = _select(packages, options, wish, host)
        replaces = replaces_module(selection, host)
        refuse_workloads(selection, wish, host)
        if replaces and not options["allow_mig_destroy"]:
            cause = "driver %s would replace the loaded one, and" % selection.version
            refuse_loss(_lost(Machine(), options["partitioned"]), cause)
        request = _request(packages, selection, options["allow_upgrades"])
        foresee(packages, request, options["free_space_mib"])
    return {
        "version": selection.version,
        "flavour": selection.flavour,
        "packages": request.packages,
        "held": sorted(request.hold),
        "absent": selection.absent,
        "units": selection.units,
        "replaces_module": replaces,
    }


def _lost(machine: Machine, partitioned: List[str]) -> List[MigGpu]:
    """Return the GPUs whose MIG devices nobody makes again."""
    now = take_snapshot(machine)
    return lost(now.gpus, {*partitioned, *now.record.by_address})


def _select(packages: PackageManager, options: Dict[str, Any], wish: Wish, host: Dict[str, Any]) -> Selection:
    packages.refresh()
    branches = sorted({*options["branches"], wish.branch})
    installed = packages.installed()
    row = row_for(options["catalogue"], wish.source, wish.branch)
    names: List[str] = [
        *candidates(options["catalogue"], wish.source, branches),
        *loose_names(row, wish.branch, host["kernel"]),
        *headers_metapackages(installed),
    ]
    compare = compare_debian if manager(options["manager"]) == APT else compare_rpm
    known = sorted({*names, *(name for name in installed if "nvidia" in name or "cuda" in name)})
    return select(
        options["catalogue"], wish, host, branches, Offer(packages.versions(known), installed, compare)
    )


def _request(packages: PackageManager, selection: Selection, allow_upgrades: List[str]) -> Request:
    named: Dict[str, Optional[str]] = {**selection.exact, **selection.loose}
    members = family(named, selection.absent, packages.dependencies, packages.versions)
    return Request(
        packages={**named, **members},
        absent=frozenset(selection.absent),
        hold=frozenset([*selection.held, *members]),
        allow_downgrade=True,
        allow_upgrades=tuple(allow_upgrades),
    )


if __name__ == "__main__":
    main()
