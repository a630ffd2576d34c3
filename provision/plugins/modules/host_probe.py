#!/usr/bin/python
"""Surveys a host for the controller, where its connection is not SSH."""

import base64
import json
import zlib

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.asking.answer import BEGIN, END
from ..module_utils.asking.partitions import survey_with_partitions
from ..module_utils.asking.survey import survey

DOCUMENTATION = r"""
module: host_probe
short_description: Survey a host
description:
  - Returns what C(provision status) shows of a host, and how the host differs from the receipts that roles
    left on it. Changes nothing.
  - C(provision) itself asks hosts over SSH, without Ansible. This module serves hosts with other connections.
options:
  partitions:
    description: Whether to also return the GPUs as the planner of MIG layouts needs them.
    type: bool
    default: false
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
"""

EXAMPLES = r"""
- name: Survey the host
  host_probe:
"""

RETURN = r"""
survey:
  description: The survey as JSON, compressed and encoded in base64, between two marks.
  returned: always
  type: str
"""


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={"partitions": {"type": "bool", "default": False}}, supports_check_mode=True
    )
    measure = survey_with_partitions if module.params["partitions"] else survey
    packed = base64.b64encode(zlib.compress(json.dumps(measure()).encode())).decode()
    module.exit_json(changed=False, survey="{} {} {}".format(BEGIN, packed, END))


if __name__ == "__main__":
    main()
