#!/usr/bin/python
"""Ansible module: the CDI specification on disk is what nvidia-ctk says of the driver and GPUs now."""

from __future__ import annotations

import os
from typing import Any, Dict, List, NoReturn, Optional

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.containers.cdi import (
    ENVIRONMENT,
    FOLDERS,
    MANUAL,
    REFRESHED,
    End,
    devices,
    digest,
    foreseen,
    parse_environment,
    refreshed_path,
    rivals,
    same_spec,
    to_stdout,
)
from ..module_utils.containers.daemon_json import parse_version
from ..module_utils.host.files import back_up, read_text, replace
from ..module_utils.host.module import Module, enable, runner, systemctl
from ..module_utils.host.systemd import Unit, show

DOCUMENTATION = r"""
module: cdi_spec
short_description: Keeps the CDI specification of the GPUs true
description:
  - Compares the specification on disk with what C(nvidia-ctk cdi generate) says now, and writes it anew
    where they differ - after a change of driver, GPUs or MIG instances.
  - From toolkit 1.18 on, C(nvidia-cdi-refresh) owns the file under C(/var/run/cdi). Its units are kept
    enabled and asked to write it. Older toolkits get C(/etc/cdi/nvidia.yaml).
  - Another file that names one of the devices is removed, with a copy in C(/var/lib/provision/backup) - two
    files in one folder make the device disappear.
options:
  toolkit_version:
    description: Version that is going to be installed. For check mode on a host without nvidia-ctk.
    type: str
    default: ''
  former:
    description:
      - Digests of the specifications by path, as M(gpu_info) found them before the run. What counts as changed is
        what differs from then, no matter whether this task or the toolkit's own units made it anew in between.
    type: dict
  driver_version:
    description: Version of the driver at the end of the run, where the run may change it. For check mode.
    type: str
    default: ''
  mig_created:
    description: How many MIG instances the run makes. For check mode.
    type: int
    default: 0
  mig_destroyed:
    description: How many MIG instances the run destroys. For check mode.
    type: int
    default: 0
attributes:
  check_mode:
    description: Generates and compares, writes nothing.
    support: full
  diff_mode:
    description: Shows the specification before and after, and files that go.
    support: full
author: [provision contributors]
"""

EXAMPLES = r"""
- name: Describe the GPUs for container engines
  cdi_spec:
"""

RETURN = r"""
path:
  description: The file.
  returned: success
  type: str
devices:
  description: Names of the devices in it.
  returned: success
  type: list
  elements: str
removed:
  description: Files that named the same devices.
  returned: success
  type: list
  elements: str
"""

_SERVICE, _PATH = "nvidia-cdi-refresh.service", "nvidia-cdi-refresh.path"
_REFRESHES = (1, 18)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "toolkit_version": {"type": "str", "default": ""},
            "former": {"type": "dict"},
            "driver_version": {"type": "str", "default": ""},
            "mig_created": {"type": "int", "default": 0},
            "mig_destroyed": {"type": "int", "default": 0},
        },
        supports_check_mode=True,
    )
    nvidia_ctk = module.get_bin_path("nvidia-ctk")
    if nvidia_ctk is None and not module.check_mode:
        module.fail_json(
            msg="nvidia-ctk is not installed on this host", hint="apply role nvidia_container_toolkit first"
        )
    units = show(runner(module), [_SERVICE, _PATH])
    refreshes = all(unit.exists for unit in units)
    if module.check_mode and (
        nvidia_ctk is None
        or (not refreshes and module.params["toolkit_version"] and _comes_with_units(module))
    ):
        _foresee_new(module)
    environment = parse_environment(read_text(ENVIRONMENT) or "") if refreshes else {}
    path = refreshed_path(environment) if refreshes else MANUAL
    try:
        wanted = _generate(module, str(nvidia_ctk), to_stdout(environment))
        _apply(module, path, wanted, units if refreshes else [])
    except OSError as error:
        module.fail_json(msg=f"cannot write `{error.filename or path}`: {error.strerror}")


def _foresee_new(module: Module) -> NoReturn:
    """Answer for a host without this toolkit: its package has the specification written, or this task will."""
    path = REFRESHED if _comes_with_units(module) else MANUAL
    diff = _diff(path, read_text(path), "the specification of the toolkit to come\n", [], [])
    module.exit_json(changed=True, path=path, devices=[], removed=[], diff=diff)


def _comes_with_units(module: Module) -> bool:
    """Tell whether the version to be installed has the specification written by its own package, as since 1.18."""
    version = parse_version(module.params["toolkit_version"])
    return version is None or version >= _REFRESHES


def _generate(module: Module, nvidia_ctk: str, environment: Dict[str, str]) -> Optional[str]:
    """Return the specification of this moment; None in check mode where the driver does not answer yet."""
    status, output, errors = module.run_command(
        [nvidia_ctk, "cdi", "generate"], environ_update=environment, handle_exceptions=True
    )
    if status != 0 and not module.check_mode:
        _fail(module, errors)
    return output if status == 0 else None


def _fail(module: Module, errors: str) -> NoReturn:
    """End with what nvidia-ctk said."""
    said = (errors.strip().splitlines() or ["no reason given"])[-1]
    hint = "look at `nvidia-smi`"
    if "empty device edits" in errors:
        hint = "no GPU or MIG instance is there to describe: create the MIG instances first"
    elif "Not Loaded" in errors or "LIBRARY_NOT_FOUND" in errors:
        hint = "the driver has to be loaded first: apply role nvidia_driver"
    module.fail_json(msg=f"nvidia-ctk cannot describe the GPUs: {said}", hint=hint)


def _apply(module: Module, path: str, generated: Optional[str], units: List[Unit]) -> None:
    current = read_text(path)
    former = _former(module, path, current)
    wanted = _foreseen(module, current, generated) if module.check_mode else generated
    stale = rivals(path, wanted or current or "", _others(path))
    enabled = [unit for unit in units if not unit.starts_at_boot]
    start = [unit for unit in units if unit.name == _PATH and not unit.runs]
    if wanted is not None and not module.check_mode:
        for file in stale:
            back_up(file)
            os.unlink(file)
        enable(module, enabled)
        if current is None or not same_spec(current, wanted):
            _write(module, path, wanted, refreshes=bool(units))
        for unit in start:
            systemctl(module, "restart", unit.name)
    after = "the specification of the GPUs as they will be\n" if wanted is None else wanted
    module.exit_json(
        changed=wanted is None or digest(wanted) != former or bool(stale or enabled or start),
        path=path,
        devices=devices(wanted or ""),
        removed=stale,
        diff=_diff(path, current, after, stale, [*enabled, *start]),
    )


def _former(module: Module, path: str, current: Optional[str]) -> Optional[str]:
    """Return the digest of the specification before the run."""
    if module.params["former"] is None:
        return None if current is None else digest(current)
    known = {os.path.realpath(file): each for file, each in module.params["former"].items()}
    return known.get(os.path.realpath(path))


def _foreseen(module: Module, current: Optional[str], generated: Optional[str]) -> Optional[str]:
    params = module.params
    return foreseen(
        current, generated, End(params["driver_version"], params["mig_created"], params["mig_destroyed"])
    )


def _write(module: Module, path: str, wanted: str, *, refreshes: bool) -> None:
    if not refreshes:
        os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
        replace(path, wanted.encode())
        return
    module.run_command(["systemctl", "reset-failed", _SERVICE, _PATH])
    systemctl(module, "restart", _SERVICE)
    written = read_text(path)
    if written is None or not same_spec(written, wanted):
        module.fail_json(
            msg=f"{_SERVICE} ran, but `{path}` is not what nvidia-ctk says of the GPUs",
            hint=f"look at `journalctl -u {_SERVICE}` and `{ENVIRONMENT}`",
        )


def _others(path: str) -> Dict[str, str]:
    """Return path and text of every other specification on the host."""
    found = {}
    for folder in FOLDERS:
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            file = os.path.join(folder, name)
            if name.endswith((".yaml", ".json")) and file != path:
                found[file] = read_text(file) or ""
    return found


def _diff(
    path: str, before: Optional[str], after: Optional[str], stale: List[str], units: List[Unit]
) -> List[Dict[str, Any]]:
    parts: List[Dict[str, Any]] = [
        {"before_header": path, "after_header": path, "before": before or "", "after": after or ""}
    ]
    parts += [{"before": f"{file}\n", "after": ""} for file in stale]
    parts += [
        {"before": f"{unit.name} {unit.enabled}, {unit.active}\n", "after": f"{unit.name} enabled\n"}
        for unit in units
    ]
    return parts


if __name__ == "__main__":
    main()
