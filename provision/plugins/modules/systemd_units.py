#!/usr/bin/python
"""Ansible module: units run, start at boot, and have the drop-ins they need."""

from __future__ import annotations

from typing import Dict, List

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.host.files import read_text
from ..module_utils.host.managed_file import diff as file_diff
from ..module_utils.host.managed_file import is_managed, manage
from ..module_utils.host.module import enable, runner, systemctl
from ..module_utils.host.systemd import show

DOCUMENTATION = r"""
module: systemd_units
short_description: Has units enabled and running, with their drop-ins
description:
  - Does for several units in one task what M(ansible.builtin.systemd_service) does for one. A unit that is
    not there yet counts as not running in check mode.
  - systemd reads its units anew only when a drop-in changed. A running unit is not restarted for it.
options:
  units:
    description: Names of units, with their suffix.
    type: list
    elements: str
    required: true
  introduced:
    description:
      - Whether packages that bring the units were installed or changed in the same run. Some start or stop their
        units themselves, sooner or later - which then counts as this task's change, so that check mode and run tell
        the same.
    type: bool
    default: false
  drop_ins:
    description: Text of the drop-in C(provision.conf) by unit.
    type: dict
    default: {}
attributes:
  check_mode:
    description: Reports what would change and changes nothing.
    support: full
  diff_mode:
    description: Shows drop-ins and the state of units.
    support: full
author: [provision contributors]
"""

EXAMPLES = r"""
- name: Keep the GPUs initialised
  systemd_units:
    units: [nvidia-persistenced.service]
"""

RETURN = r"""
started:
  description: Units that were started.
  returned: success
  type: list
  elements: str
enabled:
  description: Units that were enabled.
  returned: success
  type: list
  elements: str
"""


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "units": {"type": "list", "elements": "str", "required": True},
            "introduced": {"type": "bool", "default": False},
            "drop_ins": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    units: List[str] = module.params["units"]
    drop_ins: Dict[str, str] = {_path(unit): text for unit, text in module.params["drop_ins"].items()}
    differing = {path: text for path, text in drop_ins.items() if not is_managed(path, text.encode("utf-8"))}
    introduced: bool = module.params["introduced"]
    states = show(runner(module), units)
    enabled = [unit for unit in states if introduced or not unit.starts_at_boot]
    names = [unit.name for unit in enabled]
    started = [unit.name for unit in states if introduced or not unit.is_up]
    diff = [file_diff(path, read_text(path) or "", text) for path, text in differing.items()]
    lines = [
        "%s %s\n" % (unit, word)
        for word, which in (("enabled", names), ("active", started))
        for unit in which
    ]
    diff += (
        [{"before_header": "units", "after_header": "units", "before": "", "after": "".join(lines)}]
        if lines
        else []
    )
    if not module.check_mode:
        for path, text in differing.items():
            manage(path, text.encode("utf-8"))
        if differing:
            systemctl(module, "daemon-reload")
        enable(module, enabled)
        if started:
            # A package may have started a unit before the module was loaded, up to systemd's start limit.
            module.run_command(["systemctl", "reset-failed", *started])
            systemctl(module, "start", *started)
    module.exit_json(changed=bool(differing or enabled or started), started=started, enabled=names, diff=diff)


def _path(unit: str) -> str:
    return "/etc/systemd/system/%s.d/provision.conf" % unit


if __name__ == "__main__":
    main()
