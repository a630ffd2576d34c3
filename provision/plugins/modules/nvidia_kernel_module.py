#!/usr/bin/python
"""Ansible module: the loaded nvidia kernel module is the installed one, without a reboot where possible."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.gpus.driver import loaded_version
from ..module_utils.gpus.driver_selection import SelectionRefusedError
from ..module_utils.gpus.hardware import survey
from ..module_utils.gpus.kernel_module import (
    NONE,
    REBOOT,
    Switcher,
    build_diff,
    diff,
    dkms_name,
    has_module,
    next_step,
    refuse_missing,
)
from ..module_utils.host.machine import Machine
from ..module_utils.host.module import runner

DOCUMENTATION = r"""
module: nvidia_kernel_module
short_description: Loads the installed nvidia kernel module in place of nouveau or of an older one
description:
  - Stops the driver's own services, unloads what is loaded, loads what is installed, and starts the services
    again. Nothing is unloaded while a container or process uses the GPUs.
  - Where the running kernel lacks the module although DKMS has it, it is built first.
  - Where nothing can be unloaded the module says why a reboot is needed, after a check that the kernel to boot
    has the module.
options:
  version:
    description: Version that is to be loaded.
    type: str
    required: true
  flavour:
    description: Flavour that is to be loaded.
    type: str
    choices: [open, proprietary]
    required: true
attributes:
  check_mode:
    description: Tells what would be loaded, taking the packages for installed.
    support: full
  diff_mode:
    description: Shows the loaded version before and after.
    support: full
author: [provision contributors]
"""

EXAMPLES = r"""
- name: Load the driver
  nvidia_kernel_module:
    version: 580.95.05
    flavour: open
"""

RETURN = r"""
reboot_reason:
  description: Why only a reboot brings the module; empty where none is needed.
  returned: success
  type: str
action:
  description: What was done, or in check mode would be done - C(none), C(load), C(reload) or C(reboot).
  returned: success
  type: str
"""


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "version": {"type": "str", "required": True},
            "flavour": {"type": "str", "choices": ["open", "proprietary"], "required": True},
        },
        supports_check_mode=True,
    )
    version, flavour = module.params["version"], module.params["flavour"]
    machine = Machine()
    host = survey(machine)
    switcher = Switcher(runner(module), lambda name: loaded_version(machine, name) is not None)
    step = next_step(host, version, flavour)
    reason = step.reason if step.action == REBOOT else ""
    unbuilt = _unbuilt(module, host, version, flavour)
    diffs: List[Dict[str, str]] = [build_diff(host["kernel"], version, flavour)] if unbuilt else []
    if step.action != NONE:
        diffs.append(diff(host["modules"]["loaded"], version, flavour))
    try:
        if not module.check_mode:
            if unbuilt:
                # What it says when it fails is in its log, which the refusal names.
                module.run_command(
                    ["dkms", "install", "--force", "-m", unbuilt, "-v", version, "-k", host["kernel"]]
                )
                host = survey(machine)
            refuse_missing(host, host["kernel"], version, flavour)
            if step.action not in (NONE, REBOOT):
                reason = switcher.switch(step.action) or ""
            if reason and host["next_kernel"]:
                refuse_missing(host, host["next_kernel"], version, flavour)
    except SelectionRefusedError as error:
        module.fail_json(msg=str(error), hint=error.hint)
    module.exit_json(
        changed=bool(unbuilt) or (step.action not in (NONE, REBOOT) and not reason),
        action=REBOOT if reason else step.action,
        reboot_reason=reason,
        diff=diffs,
    )


def _unbuilt(module: AnsibleModule, host: Dict[str, Any], version: str, flavour: str) -> Optional[str]:
    """Return DKMS's name of the driver where DKMS has it but the running kernel lacks the module."""
    if has_module(host, host["kernel"], version, flavour) or module.get_bin_path("dkms") is None:
        return None
    _, status, _ = module.run_command(["dkms", "status"])
    return dkms_name(status, version)


if __name__ == "__main__":
    main()
