#!/usr/bin/python
"""Ansible module: units run, start at boot, and have the drop-ins they need."""

from __future__ import annotations

from typing import Dict, List, NamedTuple

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.host.files import read_text
from ..module_utils.host.managed_file import diff as file_diff
from ..module_utils.host.managed_file import is_managed, manage
from ..module_utils.host.module import Module, enable, runner, systemctl
from ..module_utils.host.systemd import Unit, show

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


class Work(NamedTuple):
    """What is to be done: drop-ins to write, by path, units to enable, names of units to start."""

    drop_ins: Dict[str, bytes]
    enabled: List[Unit]
    started: List[str]


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
    work = _work(module)
    diff = _diff(work)
    if not module.check_mode:
        _carry_out(module, work)
    enabled = [unit.name for unit in work.enabled]
    module.exit_json(changed=any(work), started=work.started, enabled=enabled, diff=diff)


def _work(module: Module) -> Work:
    options = module.params
    drop_ins = {_path(unit): text.encode("utf-8") for unit, text in options["drop_ins"].items()}
    units = show(runner(module), options["units"])
    introduced = options["introduced"]
    return Work(
        {path: content for path, content in drop_ins.items() if not is_managed(path, content)},
        [unit for unit in units if introduced or not unit.starts_at_boot],
        [unit.name for unit in units if introduced or not unit.is_up],
    )


def _carry_out(module: Module, work: Work) -> None:
    for path, content in work.drop_ins.items():
        manage(path, content)
    if work.drop_ins:
        systemctl(module, "daemon-reload")
    enable(module, work.enabled)
    if work.started:
        # A package may have started a unit before the module was loaded, up to systemd's start limit.
        module.run_command(["systemctl", "reset-failed", *work.started])
        systemctl(module, "start", *work.started)


def _diff(work: Work) -> List[Dict[str, str]]:
    """Return the diffs of drop-ins, as they are before they are written, and of what becomes of units."""
    files = [
        file_diff(path, read_text(path) or "", content.decode("utf-8"))
        for path, content in work.drop_ins.items()
    ]
    lines = ["%s enabled\n" % unit.name for unit in work.enabled]
    lines += ["%s active\n" % name for name in work.started]
    if not lines:
        return files
    return [
        *files,
        {"before_header": "units", "after_header": "units", "before": "", "after": "".join(lines)},
    ]


def _path(unit: str) -> str:
    return "/etc/systemd/system/%s.d/provision.conf" % unit


if __name__ == "__main__":
    main()
