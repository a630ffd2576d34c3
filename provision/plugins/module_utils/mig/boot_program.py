"""The program that restores a host's MIG layout at boot, and the unit that runs it.

The program is the modules that made the layout, in one file that Python runs.
"""

from ..bundle import pack
from . import boot as _entry  # noqa: F401 - Ansible sends what is imported, and `pack` packs what was sent

PROGRAM = "/usr/local/lib/provision/mig.pyz"
SERVICE = "provision-mig.service"
UNIT = "/etc/systemd/system/" + SERVICE

UNIT_TEXT = """\
# Written by role nvidia_mig.
[Unit]
Description=MIG layout of the GPUs
After=nvidia-persistenced.service nvidia-fabricmanager.service
Before=docker.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStartPre=-/sbin/modprobe nvidia
ExecStart=/usr/bin/env python3 -I {program}
TimeoutStartSec=600

[Install]
WantedBy=multi-user.target
""".format(program=PROGRAM)


def program() -> bytes:
    """Return the boot program, made of the modules that make the layout."""
    return pack("mig.boot")
