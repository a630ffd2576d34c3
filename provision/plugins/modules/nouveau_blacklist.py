#!/usr/bin/python
"""Ansible module: nouveau does not load at boot, neither from the system nor from an initramfs."""

from __future__ import annotations

import glob
import os

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.host.files import read_text
from ..module_utils.host.managed_file import diff, is_managed, manage

DOCUMENTATION = r"""
module: nouveau_blacklist
short_description: Keeps nouveau from loading at boot, also from an initramfs
description:
  - Writes the modprobe configuration and has the initramfs images rebuilt when one is older than it. A run
    that was cut off between the two is made up for by the next.
options:
  path:
    description: The modprobe configuration file.
    type: path
    required: true
  rebuild:
    description: Command that rebuilds the initramfs of every kernel. Where there is none, nothing is rebuilt.
    type: list
    elements: str
    required: true
  images:
    description: Patterns of the paths of initramfs images.
    type: list
    elements: str
    default: [/boot/initrd.img-*, /boot/initramfs-*.img]
attributes:
  check_mode:
    description: Reports what would change and changes nothing.
    support: full
  diff_mode:
    description: Shows the configuration file.
    support: full
author: [provision contributors]
"""

EXAMPLES = r"""
- name: Keep nouveau from loading
  nouveau_blacklist:
    path: /etc/modprobe.d/provision-nouveau.conf
    rebuild: [update-initramfs, -u, -k, all]
"""

RETURN = r"""
rebuilt:
  description: Whether initramfs images were rebuilt, or in check mode would be.
  returned: success
  type: bool
"""

_TEXT = """\
# Written by provision. Changes are overwritten.
blacklist nouveau
options nouveau modeset=0
"""


def main() -> None:
    """Run the module."""
    names = {"type": "list", "elements": "str"}
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "rebuild": dict(names, required=True),
            "images": dict(names, default=["/boot/initrd.img-*", "/boot/initramfs-*.img"]),
        },
        supports_check_mode=True,
    )
    path = module.params["path"]
    before = read_text(path) or ""
    images = [image for pattern in module.params["images"] for image in glob.glob(pattern)]
    tool = module.get_bin_path(module.params["rebuild"][0])
    content = _TEXT.encode("ascii")
    writing = not is_managed(path, content)
    rebuilding = bool(tool and images) and (before != _TEXT or _newest(images) < os.stat(path).st_mtime)
    shown = diff(path, before, _TEXT)
    if not module.check_mode:
        if writing:
            manage(path, content)
        if rebuilding:
            code, out, err = module.run_command([tool, *module.params["rebuild"][1:]])
            if code:
                module.fail_json(
                    msg="`%s` failed: %s" % (" ".join(module.params["rebuild"]), (err or out).strip()),
                    hint="nouveau would load again at the next boot; is /boot full?",
                )
    module.exit_json(
        changed=writing or rebuilding,
        rebuilt=rebuilding,
        diff=shown,
    )


def _newest(images: "list[str]") -> float:
    # Images of kernels that are gone stay behind and are never rebuilt, so the oldest tells nothing.
    return max(os.stat(image).st_mtime for image in images)


if __name__ == "__main__":
    main()
