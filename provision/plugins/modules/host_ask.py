#!/usr/bin/python
"""Asks a host for the controller, where its connection is not SSH."""

import base64
import json
import zlib
from typing import Dict

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.asking.answer import BEGIN, END, Measure, measured
from ..module_utils.asking.evidence import evidence
from ..module_utils.asking.partitions import survey_with_partitions
from ..module_utils.asking.survey import survey

DOCUMENTATION = r"""
module: host_ask
short_description: Ask a host what it is like
description:
  - Returns what C(provision) asks of a host, such as the survey that C(provision status) shows. Changes nothing;
    C(asking.evidence) starts short-lived containers.
  - C(provision) itself asks hosts over SSH, without Ansible. This module serves hosts with other connections.
options:
  entry:
    description: What is asked.
    type: str
    choices: [asking.evidence, asking.partitions, asking.survey]
    default: asking.survey
  options:
    description: What the question needs to know.
    type: dict
    default: {}
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
"""

EXAMPLES = r"""
- name: Survey the host
  host_ask:
"""

RETURN = r"""
answer:
  description: The answer as JSON, compressed and encoded in base64, between two marks.
  returned: always
  type: str
"""

ENTRIES: Dict[str, Measure] = {
    "asking.evidence": evidence,
    "asking.partitions": survey_with_partitions,
    "asking.survey": survey,
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "entry": {"type": "str", "choices": sorted(ENTRIES), "default": "asking.survey"},
            "options": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    answer = measured(ENTRIES[module.params["entry"]], module.params["options"])
    packed = base64.b64encode(zlib.compress(json.dumps(answer).encode())).decode()
    module.exit_json(changed=False, answer="{} {} {}".format(BEGIN, packed, END))


if __name__ == "__main__":
    main()
