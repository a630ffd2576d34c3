#!/usr/bin/python
"""Ansible module: files that are a role's own as a whole, with their content, mode and owner."""

from __future__ import annotations

from typing import Dict

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.host.files import read_text
from ..module_utils.host.managed_file import diff, is_managed, manage

DOCUMENTATION = r"""
module: managed_files
short_description: Writes files of text that nobody else decides about
description:
  - Each is a plain file of root, mode 0644, written in one step. What somebody made of it is overwritten.
options:
  files:
    description: Text of the files by path.
    type: dict
    required: true
attributes:
  check_mode:
    description: Reports what would change and changes nothing.
    support: full
  diff_mode:
    description: Shows the files that change.
    support: full
author: [provision contributors]
"""

EXAMPLES = r"""
- name: Keep unattended upgrades away from the driver
  managed_files:
    files:
      /etc/apt/apt.conf.d/51provision-nvidia-driver: "{{ lookup('ansible.builtin.file', 'unattended-upgrades.conf') }}"
"""

RETURN = r"""
files:
  description: Paths of the files.
  returned: success
  type: list
  elements: str
"""


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={"files": {"type": "dict", "required": True}}, supports_check_mode=True
    )
    files: Dict[str, str] = module.params["files"]
    differing = {path: text for path, text in files.items() if not is_managed(path, text.encode("utf-8"))}
    diffs = [diff(path, read_text(path) or "", text) for path, text in differing.items()]
    if not module.check_mode:
        for path, text in differing.items():
            try:
                manage(path, text.encode("utf-8"))
            except OSError as error:
                module.fail_json(
                    msg="cannot write `%s`: %s" % (path, error.strerror),
                    hint="check free space and that its folder is writable",
                )
    module.exit_json(changed=bool(differing), files=sorted(files), diff=diffs)


if __name__ == "__main__":
    main()
