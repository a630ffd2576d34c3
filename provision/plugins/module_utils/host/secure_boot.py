"""Whether a host's firmware lets only signed kernel modules load."""

from __future__ import annotations

from typing import Optional

from .machine import Machine

_VARIABLE = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"


def is_on(machine: Machine) -> Optional[bool]:
    """Tell whether Secure Boot is on; None where the firmware does not tell, as one that is not UEFI."""
    # Four bytes of attributes, then the value: Documentation/filesystems/efivarfs of the kernel.
    content = machine.read_bytes(_VARIABLE, 5)
    return content[4] == 1 if content is not None and len(content) == 5 else None
