"""The program that restores a host's MIG layout at boot, and the unit that runs it.

The program is the modules that made the layout, in one file that Python runs (a zip application): the same bytes
for the same sources. Runs on hosts: Python 3.8, standard library only.
"""

from __future__ import annotations

import io
import sys
import zipfile
from typing import Any

from . import mig_boot

PROGRAM = "/usr/local/lib/provision/mig.pyz"
SERVICE = "provision-mig.service"
UNIT = "/etc/systemd/system/" + SERVICE

MODULES = (
    "cdi_specs",
    "docker_socket",
    "gpu_architecture",
    "host_state_gpu",
    "host_state_machine",
    "host_workloads",
    "mig_boot",
    "mig_change",
    "mig_gpu",
    "mig_layout",
    "mig_look",
    "mig_placement",
    "mig_profiles",
    "mig_record",
    "mig_refusal",
    "mig_scene",
    "mig_step",
    "mig_users",
    "nvidia_services",
    "nvml",
)
_PACKAGE = "provision_mig"
_MAIN = "from %s.mig_boot import main\n\nraise SystemExit(main())\n" % _PACKAGE

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
    """Return the boot program: these modules, from wherever they were loaded."""
    texts = {"__main__.py": _MAIN, _PACKAGE + "/__init__.py": ""}
    package = mig_boot.__name__.rpartition(".")[0]
    for name in MODULES:
        loader: Any = sys.modules["%s.%s" % (package, name)].__loader__
        texts["%s/%s.py" % (_PACKAGE, name)] = loader.get_source("%s.%s" % (package, name))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(texts):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            entry.create_system = 3
            archive.writestr(entry, texts[name].encode())
    return buffer.getvalue()
