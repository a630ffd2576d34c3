#!/usr/bin/python
"""Ansible module: ends the host because what is asked for is refused."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.host.module import refuse_json

DOCUMENTATION = r"""
module: refusal
short_description: End a host because what is asked for is refused
description:
  - Fails like M(ansible.builtin.fail), and says that nothing broke - what the host or the consent given does not
    allow is refused. C(provision) reports such a host as C(refused) and not as C(failed).
options:
  msg:
    description: What stands in the way.
    type: str
    required: true
  hint:
    description: What to do about it - a variable to set, or a command.
    type: str
    required: true
attributes:
  check_mode:
    description: Refuses in check mode as in a run.
    support: full
  diff_mode:
    support: none
"""

EXAMPLES = r"""
- name: Refuse a reboot that nobody consented to
  refusal:
    msg: the driver is installed and needs a reboot
    hint: "set `nvidia_driver_allow_reboot: true`"
  when: not nvidia_driver_allow_reboot
"""

RETURN = r"""
refused:
  description: Tells this end from a failure; every module of this collection that refuses returns it.
  returned: always
  type: bool
hint:
  description: What to do about it.
  returned: always
  type: str
"""


def main() -> None:
    """Run the module."""
    text = {"type": "str", "required": True}
    module = AnsibleModule(argument_spec={"msg": text, "hint": text}, supports_check_mode=True)
    refuse_json(module, module.params["msg"], module.params["hint"])


if __name__ == "__main__":
    main()
