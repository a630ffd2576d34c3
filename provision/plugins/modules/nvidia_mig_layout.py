#!/usr/bin/python
"""Ansible module: the GPUs of a host are partitioned as the layout says, now and after every boot."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, NoReturn, Optional, Sequence, Tuple

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.gpus.nvml import Nvml, NvmlError
from ..module_utils.host.files import read_bytes, read_text, write_note
from ..module_utils.host.machine import Machine
from ..module_utils.host.managed_file import diff, is_managed, manage
from ..module_utils.host.module import Module, enable, refuse_json, runner, systemctl
from ..module_utils.host.systemd import show
from ..module_utils.mig.apply import CHANGED, apply_plans, locked, resume
from ..module_utils.mig.boot_program import PROGRAM, SERVICE, UNIT, UNIT_TEXT, program
from ..module_utils.mig.geometry import MigError, PendingError
from ..module_utils.mig.gpu import Target
from ..module_utils.mig.layout import Layout, LayoutError, parse, resolve
from ..module_utils.mig.placement import NoPlacementError
from ..module_utils.mig.plan import GpuPlan, plan_gpus, summary
from ..module_utils.mig.record import RECORD, Record, dump, recorded
from ..module_utils.mig.refusal import Consent, MigRefusedError, against_reboot, needs_reboot, refuse
from ..module_utils.mig.snapshot import Snapshot
from ..module_utils.mig.survey import ask_driver, forecast

DOCUMENTATION = r"""
module: nvidia_mig_layout
short_description: Partitions GPUs into MIG instances, and has them partitioned again after every boot
description:
  - Reads and changes MIG mode and instances through libnvidia-ml. Instances that the layout wants and that are
    there already are kept, wherever that is possible.
  - Everything is checked for all GPUs before anything is destroyed - whether the profiles exist on the GPU and
    fit on it, who uses what would go, and whether there is consent.
  - A GPU whose change fails in the middle is put back as it was.
  - GPUs that the layout does not name are left alone. Without a layout no GPU is touched, and what made a former
    layout outlive reboots is removed.
options:
  layout:
    description:
      - C(all-disabled), C(all-enabled), C(all-balanced), or C(all-PROFILE), for as many instances of a profile
        as fit; or a list of entries as mig-parted's configuration files (version v1) have them, in whose
        C(devices) GPUs may also be named by UUID or PCI address. Text that begins with C([) is read as JSON.
      - With O(configurations) the name of a layout in them.
    type: raw
    default: ''
  configurations:
    description: What is in a configuration file of mig-parted, version v1.
    type: dict
  allow_destroy:
    description: Whether instances that nobody uses may be destroyed.
    type: bool
    default: false
  allow_reset:
    description: Whether GPUs that nobody uses may be reset, where a change of MIG mode needs it.
    type: bool
    default: false
  allow_reboot:
    description:
      - Whether a MIG mode that only a reboot of the host can change is left pending for one, which is not done here.
        So it is where the GPU cannot be reset, or where somebody holds it who does not work on it.
      - While somebody works on a GPU of the host it is refused.
    type: bool
    default: false
  module_exchanged:
    description:
      - Whether the driver's module is unloaded or loaded in the same run before this task. Instances do not outlive
        that, so in check mode they count as gone.
    type: bool
    default: false
  lock_timeout:
    description: Seconds to wait for another change on the same host.
    type: int
    default: 60
attributes:
  check_mode:
    description:
      - Predicts every GPU and file that would change, and refuses what a run would refuse. Before the driver is
        loaded the GPUs are taken for unpartitioned and checked against what is known of their model; of a model
        that is not known yet it says so.
    support: full
  diff_mode:
    description: Shows the geometry of each GPU before and after.
    support: full
author: [provision contributors]
"""

EXAMPLES = r"""
- name: Cut the first GPU in four
  nvidia_mig_layout:
    layout:
      - devices: [0]
        mig-enabled: true
        mig-devices: {3g.20gb: 1, 2g.10gb: 1, 1g.5gb: 2}
"""

RETURN = r"""
reboot_required:
  description: Whether a GPU's MIG mode waits for a reboot, after which the layout is restored.
  returned: success
  type: bool
gpus:
  description: Each GPU that the layout names, with its geometry before and after, and what is kept of it.
  returned: success
  type: list
  elements: dict
addresses:
  description: PCI addresses of these GPUs.
  returned: success
  type: list
  elements: str
files:
  description: Files that have the layout outlive reboots.
  returned: success
  type: list
  elements: str
"""

_FILES = (RECORD, PROGRAM, UNIT)


class _File(NamedTuple):
    path: str
    content: bytes
    shown: str
    former: Optional[bytes] = None


class _Work(NamedTuple):
    plans: List[GpuPlan]
    files: List[_File]
    waiting: List[str]
    """Addresses of the GPUs whose MIG mode waits for a reboot."""


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "layout": {"type": "raw", "default": ""},
            "configurations": {"type": "dict"},
            "allow_destroy": {"type": "bool", "default": False},
            "allow_reset": {"type": "bool", "default": False},
            "allow_reboot": {"type": "bool", "default": False},
            "module_exchanged": {"type": "bool", "default": False},
            "lock_timeout": {"type": "int", "default": 60},
        },
        supports_check_mode=True,
    )
    try:
        layout = parse(module.params["layout"])
        if layout is None:
            _remove(module)
        unfinished = os.path.exists(CHANGED)
        if module.check_mode:
            work = _look(module, layout, Machine())
        else:
            with locked(module.params["lock_timeout"]), _interruptible():
                resume(runner(module))
                work = _change(module, layout, Machine())
        _finish(module, work, unfinished)
    except (LayoutError, NoPlacementError) as error:
        refuse_json(module, str(error), "nothing was changed; correct `nvidia_mig_layout`")
    except MigRefusedError as error:
        refuse_json(module, str(error), "nothing was changed; %s" % error.hint)
    except (MigError, NvmlError) as error:
        module.fail_json(msg=str(error), hint="`nvidia-smi` and `dmesg` on the host may tell why")
    except OSError as error:
        module.fail_json(msg="cannot write `%s`: %s" % (error.filename, error.strerror))


def _change(module: Module, layout: Layout, machine: Machine) -> _Work:
    """Bring the GPUs to the layout and write down what they became."""
    try:
        nvml = Nvml()
    except (NvmlError, OSError) as error:
        module.fail_json(msg="the driver does not answer: %s" % error, hint="apply role nvidia_driver first")
    with nvml:
        snapshot = ask_driver(nvml, machine)
        plans, targets = _plan(module, layout, snapshot)
        changing = [plan.gpu.pci for plan in plans if not plan.is_empty]
        if changing:
            write_note(CHANGED, changing, 0o644)
        obstacle = against_reboot(plans, snapshot.gpus, _consent(module))
        try:
            waiting = apply_plans(nvml, plans, runner(module), reboot=obstacle is None)
        except PendingError as error:
            refuse_json(module, str(error), obstacle.hint if obstacle else "see `dmesg`")
        record = dump(
            [plan.result() for plan in plans] if waiting else ask_driver(nvml, machine).gpus, targets
        )
    differing = _differing(record)
    for file in differing:
        manage(file.path, file.content)
    return _Work(plans, differing, waiting)


def _look(module: Module, layout: Layout, machine: Machine) -> _Work:
    """Return what `_change` would do."""
    if module.params["module_exchanged"]:
        return _forecast(module, layout, machine)
    try:
        nvml = Nvml()
    except (NvmlError, OSError):
        module.warn(
            "no driver answers yet: the MIG layout is checked against what is known of the GPUs' models"
        )
        return _forecast(module, layout, machine)
    with nvml:
        snapshot = ask_driver(nvml, machine)
        plans, targets = _plan(module, layout, snapshot)
        record = dump([plan.result() for plan in plans], targets)
        return _Work(plans, _differing(record), _rebooted(plans))


def _forecast(module: Module, layout: Layout, machine: Machine) -> _Work:
    """Return the same where no instance is there, by what is known of the GPUs' models."""
    snapshot = forecast(machine, _recorded())
    if snapshot.unknown:
        models = ", ".join(snapshot.unknown)
        module.warn(
            "the MIG layout is checked when the driver is there: the profiles of %s are not known" % models
        )
        return _Work([], _differing(b""), [])
    plans, _ = _plan(module, layout, snapshot)
    # A record of the same layout stays as it is: what it names comes back at its places.
    kept = snapshot.record.holds({plan.gpu.pci: plan.target for plan in plans})
    return _Work(plans, _differing((read_bytes(RECORD) or b"") if kept else b""), _rebooted(plans))


def _plan(module: Module, layout: Layout, snapshot: Snapshot) -> Tuple[List[GpuPlan], Mapping[str, Target]]:
    """Return what is to be done, after everything that could speak against it."""
    targets = resolve(layout, snapshot.gpus, module.params["configurations"])
    targets = _recorded().remember(targets)
    plans = plan_gpus(snapshot.gpus, targets)
    refuse(plans, snapshot.gpus, _consent(module))
    return plans, targets


def _recorded() -> Record:
    return recorded(read_text(RECORD) or "")


def _consent(module: Module) -> Consent:
    return Consent(*(module.params["allow_" + what] for what in Consent._fields))


def _rebooted(plans: Sequence[GpuPlan]) -> List[str]:
    return [plan.gpu.pci for plan in plans if needs_reboot(plan)]


def _differing(record: bytes) -> List[_File]:
    """Return the files that are to be written. An empty record is one that cannot be known yet."""
    code = program()
    files = [
        _File(RECORD, record, record.decode() or "the geometry after the change\n"),
        _File(PROGRAM, code, "a program of %d bytes\n" % len(code)),
        _File(UNIT, UNIT_TEXT.encode(), UNIT_TEXT),
    ]
    return [
        file._replace(former=read_bytes(file.path))
        for file in files
        if not is_managed(file.path, file.content)
    ]


def _finish(module: Module, work: _Work, unfinished: bool) -> NoReturn:
    """Have the unit know its files and run, and answer. Not under the lock, which the unit takes itself.

    `unfinished` tells that an earlier run changed GPUs and did not come to this.
    """
    changed, differing = [plan for plan in work.plans if not plan.is_empty], work.files
    [unit] = show(runner(module), [SERVICE])
    # A unit that was deleted counts as gone, although systemd has it as it was once its file is back.
    deleted = any(file.path == UNIT and file.former is None for file in differing)
    lasting = unit.starts_at_boot and unit.is_up and not deleted and not unfinished
    if not module.check_mode:
        if any(file.path == UNIT for file in differing):
            systemctl(module, "daemon-reload")
        if not unit.starts_at_boot:
            enable(module, [unit])
        if (changed or differing or not lasting) and not work.waiting:
            # Finds nothing left to change: it shows that it works, and has the devices described anew.
            systemctl(module, "restart", SERVICE)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(CHANGED)
    module.exit_json(
        changed=bool(changed or differing or not lasting),
        reboot_required=bool(work.waiting),
        gpus=[summary(plan) for plan in work.plans],
        addresses=sorted(plan.gpu.pci for plan in work.plans),
        files=list(_FILES),
        diff=_diffs(changed, differing, lasting),
    )


def _remove(module: Module) -> NoReturn:
    present = [path for path in _FILES if os.path.exists(path)]
    if present and not module.check_mode:
        if UNIT in present:
            module.run_command(["systemctl", "disable", "--now", SERVICE])
        for path in present:
            os.unlink(path)
        if UNIT in present:
            systemctl(module, "daemon-reload")
    module.exit_json(
        changed=bool(present),
        reboot_required=False,
        gpus=[],
        addresses=[],
        files=[],
        diff=[
            {"before_header": path, "after_header": path, "before": "present\n", "after": ""}
            for path in present
        ],
    )


def _diffs(changed: Sequence[GpuPlan], differing: Sequence[_File], lasting: bool) -> List[Dict[str, str]]:
    parts = [
        {
            "before_header": "GPU %s" % plan.gpu.pci,
            "after_header": "GPU %s" % plan.gpu.pci,
            "before": "".join(line + "\n" for line in plan.gpu.geometry.lines()),
            "after": "".join(line + "\n" for line in plan.result().geometry.lines()),
        }
        for plan in changed
    ]
    for file in differing:
        former = b"another one\n" if file.former and file.path == PROGRAM else file.former or b""
        parts.append(diff(file.path, former.decode("utf-8", "replace"), file.shown))
    if not lasting:
        parts.append(
            {"before_header": SERVICE, "after_header": SERVICE, "before": "", "after": "enabled, active\n"}
        )
    return parts


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Let a polite end undo what was begun, rather than leave a GPU half done."""

    def stop(number: int, _frame: object) -> None:
        raise MigError("ended by signal %d" % number)

    former: Mapping[int, Any] = {
        number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


if __name__ == "__main__":
    main()
