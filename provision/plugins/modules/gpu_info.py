#!/usr/bin/python
"""Ansible module: a host's GPUs and the kernel modules that drive them."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.containers.cdi import specifications
from ..module_utils.gpus.hardware import survey
from ..module_utils.host.machine import Machine

DOCUMENTATION = r"""
module: gpu_info
short_description: Tells a host's GPUs and the kernel modules that drive them
description:
  - Works without a driver. GPUs and NVSwitches come from the PCI bus, modules from C(/sys/module) and
    C(modinfo), workloads from the Docker engine and from open device files.
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
- name: Look at the GPUs
  gpu_info:
  register: gpu
"""

RETURN = r"""
gpus:
  description: GPUs with C(pci), C(id) such as V(10de:2330), C(name), C(architecture) and C(modules). What is
    not known of an id is null.
  returned: success
  type: list
  elements: dict
nvswitches:
  description: PCI addresses of NVSwitches.
  returned: success
  type: list
  elements: str
nvlink5:
  description: Whether the GPUs are joined by NVLink 5.
  returned: success
  type: bool
rack_scale:
  description: Whether the host is a compute tray of an NVLink rack.
  returned: success
  type: bool
kernel:
  description: Release of the running kernel.
  returned: success
  type: str
next_kernel:
  description: Release of the kernel that the next boot takes; null where it cannot be known.
  returned: success
  type: str
modules:
  description: C(needed) is V(open), V(proprietary), V(either), V(conflict) or null. C(loaded) has C(version)
    and C(flavour), or is null. C(installed) has C(version), C(flavour) and C(signer) by kernel release.
  returned: success
  type: dict
nouveau_loaded:
  description: Whether the nouveau module is loaded.
  returned: success
  type: bool
secure_boot:
  description: C(enabled), and C(key_enrolled) for the key that signs modules built on the host.
  returned: success
  type: dict
cdi:
  description: CDI specifications of the GPUs - a digest by path.
  returned: success
  type: dict
clients:
  description: Containers that were given GPUs and processes that hold device files - C(kind), C(subject).
  returned: success
  type: list
  elements: dict
"""


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    machine = Machine()
    module.exit_json(changed=False, cdi=specifications(machine)["files"], **survey(machine))


if __name__ == "__main__":
    main()
