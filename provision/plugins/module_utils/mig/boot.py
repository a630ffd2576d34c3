"""Restores the MIG layout of a host at boot; what provision-mig.service runs.

One GPU that cannot be restored does not keep the others from it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Callable, Dict, List, Tuple

from ..gpus.nvml import Nvml, NvmlError
from ..host.files import write_note
from ..host.machine import Machine
from .apply import Run, apply_plans, locked, resume
from .geometry import MigError
from .gpu import Target
from .placement import NoPlacementError
from .plan import plan_gpus
from .record import MARKER, RECORD, RecordError, load
from .refusal import Consent, MigRefusedError, refuse
from .survey import ask_driver

_CDI_SERVICE = "nvidia-cdi-refresh.service"
_CDI_FILE = "/etc/cdi/nvidia.yaml"
_DRIVER_TIMEOUT = 120.0
_LOCK_TIMEOUT = 300.0
_PROGRAM_TIMEOUT = 120


def main() -> int:
    """Restore, describe the devices for containers, leave the marker. Return the exit code."""
    machine = Machine()
    try:
        targets = load(machine.read(RECORD) or "").targets
        with locked(_LOCK_TIMEOUT):
            resume(_run)
            nvml = _nvml(_DRIVER_TIMEOUT)
            with nvml:
                troubles = restore_all(nvml, machine, targets, _run)
    except (MigRefusedError, NvmlError, OSError, RecordError) as error:
        troubles = [str(error)]
    for trouble in troubles:
        sys.stderr.write("provision-mig: %s\n" % trouble)
    warning = refresh_cdi(_run, os.path.exists(_CDI_FILE))
    if warning:
        sys.stderr.write("provision-mig: %s\n" % warning)
    _mark(machine, troubles)
    return 1 if troubles else 0


def restore_all(nvml: Nvml, machine: Machine, targets: Dict[str, Target], run: Run) -> List[str]:
    """Bring each GPU to its target; return what did not work. Idle instances in the way are left alone."""
    troubles: List[str] = []
    snapshot = ask_driver(nvml, machine)
    missing = set(targets) - {gpu.uuid for gpu in snapshot.gpus}
    troubles += ["GPU %s is not in this host any more" % uuid for uuid in sorted(missing)]
    for gpu in snapshot.gpus:
        try:
            plans = plan_gpus([gpu], targets)
            # A change of mode disturbs nobody here: whoever uses a GPU is a reason to refuse.
            refuse(plans, snapshot.gpus, Consent(destroy=False, reset=True, reboot=False))
            apply_plans(nvml, plans, run)
        except (MigError, MigRefusedError, NoPlacementError) as error:
            troubles.append(str(error))
    return troubles


def refresh_cdi(run: Run, has_file: bool) -> str:
    """Have the CDI specification written anew, by whatever wrote it; return what did not work."""
    if run(["systemctl", "cat", _CDI_SERVICE])[0] == 0:
        run(["systemctl", "reset-failed", _CDI_SERVICE])
        argv = ["systemctl", "restart", _CDI_SERVICE]
    elif has_file:
        argv = ["nvidia-ctk", "cdi", "generate", "--output=" + _CDI_FILE]
    else:
        return ""
    code, output = run(argv)
    if code == 0:
        return ""
    lines = output.strip().splitlines() or ["no reason given"]
    return "the CDI specification was not written anew: %s" % lines[-1]


def _nvml(seconds: float, attempt: Callable[[], Nvml] = Nvml) -> Nvml:
    """Return the library as soon as the driver answers: it may still be loading."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return attempt()
        except (NvmlError, OSError):
            if time.monotonic() >= deadline:
                raise
            time.sleep(1)


def _mark(machine: Machine, troubles: List[str]) -> None:
    boot = (machine.read("/proc/sys/kernel/random/boot_id") or "").strip()
    os.makedirs(os.path.dirname(MARKER), mode=0o755, exist_ok=True)
    write_note(MARKER, {"boot": boot, "troubles": troubles}, 0o644)


def _run(argv: List[str]) -> Tuple[int, str]:
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_PROGRAM_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return 127, str(error)
    return done.returncode, done.stdout.decode("utf-8", "replace")
