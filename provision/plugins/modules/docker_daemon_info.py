#!/usr/bin/python
"""Ansible module: which Docker engine a host has, and which containers its restart would stop."""

from __future__ import annotations

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.containers.docker_service import UNIT, restart_victims
from ..module_utils.containers.engine import DockerApiError
from ..module_utils.host.module import runner
from ..module_utils.host.systemd import show

DOCUMENTATION = r"""
module: docker_daemon_info
short_description: Tells which Docker engine a host has, and which containers a restart would stop
description:
  - Reads only. A dockerd that is stopped is not started by the question.
options: {}
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
- name: Look at the Docker engine
  docker_daemon_info:
  register: engine
"""

RETURN = r"""
installed:
  description: Whether systemd knows docker.service.
  returned: success
  type: bool
running:
  description: Whether dockerd runs.
  returned: success
  type: bool
victims:
  description: Running containers that a restart of dockerd would stop, none under live-restore.
  returned: success
  type: list
  elements: dict
"""


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    (unit,) = show(runner(module), [UNIT])
    result: Dict[str, Any] = {"installed": unit.exists, "running": unit.runs, "victims": []}
    if unit.runs:
        try:
            result["victims"] = [container._asdict() for container in restart_victims()]
        except DockerApiError as error:
            module.fail_json(
                msg=f"cannot tell which containers run: {error}", hint="look at `journalctl -u docker`"
            )
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
