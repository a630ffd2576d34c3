#!/usr/bin/python
"""Ansible module: dockerd is enabled, runs, and runs with the daemon.json that is on disk."""

from __future__ import annotations

import contextlib
import json
import os
import time
from typing import Any, Dict, List, NoReturn, Optional, Sequence, Tuple

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.containers.consent import refuse_restart
from ..module_utils.containers.daemon_json import NONE, RELOAD, RESTART, not_loaded, strongest
from ..module_utils.containers.daemon_json_owners import settle_owners
from ..module_utils.containers.docker_service import (
    STATE,
    UNIT,
    Note,
    loses_live_restore,
    read_note,
    remove_note,
)
from ..module_utils.containers.engine import DockerApiError, get
from ..module_utils.host.files import back_up, replace
from ..module_utils.host.module import Module, enable, runner, systemctl
from ..module_utils.host.systemd import Unit, show

DOCUMENTATION = r"""
module: docker_daemon
short_description: Keeps dockerd enabled, running, and up to date with daemon.json
description:
  - Enables and starts Docker's units.
  - Where M(docker_daemon_config) has changed the file since dockerd was started, or dockerd shows other
    values than the file, dockerd is reloaded, or restarted where a reload is not enough.
  - A restart that would stop containers is refused without consent. Under live-restore it stops none.
  - Where dockerd does not come up with the changed file, the former file is put back and dockerd is started
    with it, then the module fails with what dockerd said.
options:
  activation:
    description: What M(docker_daemon_config) returned under this name; counts in check mode.
    type: str
    choices: [none, reload, restart]
    default: none
  starts_on_install:
    description: Whether the package that is missing now starts dockerd when it is installed. For check mode.
    type: bool
    default: false
  allow_restart:
    description: Whether dockerd may be restarted although that stops containers.
    type: bool
    default: false
  consent:
    description: The variable to set for that, named in the refusal.
    type: str
    default: docker_engine_allow_restart
  path:
    description: The configuration file.
    type: path
    default: /etc/docker/daemon.json
  state_directory:
    description: Where M(docker_daemon_config) leaves its note.
    type: path
    default: /var/lib/provision/docker
attributes:
  check_mode:
    description: Says what would be started, reloaded or restarted, and refuses as in a run.
    support: full
  diff_mode:
    description: Shows the state of the units.
    support: full
author: [provision contributors]
"""

EXAMPLES = r"""
- name: Let dockerd load its configuration
  docker_daemon:
    activation: "{{ config.activation }}"
    allow_restart: "{{ docker_engine_allow_restart }}"
"""

RETURN = r"""
action:
  description: What was done to dockerd. One of C(none), C(start), C(reload), C(restart).
  returned: success
  type: str
reasons:
  description: Why, as keys of daemon.json or names of units.
  returned: success
  type: list
  elements: str
"""

_SOCKET = "docker.socket"
# docker.service requires the socket, brings it up and goes with it, so it is enabled but never started by itself.
_UNITS = ("containerd.service", _SOCKET, UNIT)
_STARTED = ("containerd.service", UNIT)
_START = "start"
_READY_SECONDS = 60
_LOADED_SECONDS = 15


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "activation": {"type": "str", "choices": ["none", "reload", "restart"], "default": "none"},
            "starts_on_install": {"type": "bool", "default": False},
            "allow_restart": {"type": "bool", "default": False},
            "consent": {"type": "str", "default": "docker_engine_allow_restart"},
            "path": {"type": "path", "default": "/etc/docker/daemon.json"},
            "state_directory": {"type": "path", "default": STATE},
        },
        supports_check_mode=True,
    )
    units = _show(module)
    docker = units[-1]
    if not docker.exists:
        _absent(module)
    note = read_note(docker, module.params["state_directory"])
    enabled = [unit for unit in units if unit.exists and not unit.starts_at_boot]
    down = [unit.name for unit in units if unit.name in _STARTED and unit.exists and not unit.runs]
    # A start loads the file as it is.
    action, reasons = _activation(module, note) if docker.runs else (NONE, [])
    if down and action == NONE:
        action = _START
    if action == RESTART:
        refuse_restart(module, live_restore_goes=loses_live_restore(reasons, _content(module)))
    if not module.check_mode:
        enable(module, enabled)
        if docker.runs and down:
            module.run_command(["systemctl", "reset-failed", *down])
            systemctl(module, "start", *down)
        _act(module, action, note)
        settle_owners(module.params["state_directory"])
        remove_note(module.params["state_directory"])
    module.exit_json(
        changed=bool(enabled) or action != NONE,
        action=action,
        reasons=[*down, *reasons, *(f"{unit.name} {unit.enabled}" for unit in enabled)],
        diff=_diff(units, enabled, action),
    )


def _show(module: Module) -> List[Unit]:
    return show(runner(module), _UNITS)


def _absent(module: Module) -> NoReturn:
    """Answer for a host without Docker: a prediction in check mode, else an error."""
    if not module.check_mode:
        module.fail_json(msg="Docker is not installed on this host", hint="apply role docker_engine first")
    started = module.params["starts_on_install"]
    # The package starts dockerd before daemon.json is written.
    action = module.params["activation"] if started else _START
    after = f"{UNIT} enabled, active\n"
    diff = {"before": "" if action != NONE else after, "after": after}
    module.exit_json(changed=action != NONE, action=action, reasons=[UNIT], diff=diff)


def _activation(module: Module, note: Optional[Note]) -> Tuple[str, List[str]]:
    """Return what the running dockerd needs, and for which keys."""
    keys = set(note.keys if note else [])
    actions = [note.action if note else NONE]
    if module.check_mode:
        actions.append(module.params["activation"])
    stale = not_loaded(_content(module), _info(module))
    if stale and strongest(actions) == NONE:
        actions.append(RELOAD)
    return strongest(actions), sorted(keys | set(stale))


def _content(module: Module) -> Dict[str, Any]:
    """Return daemon.json; what is wrong with it is M(docker_daemon_config)'s business."""
    with contextlib.suppress(OSError, ValueError), open(module.params["path"], encoding="utf-8") as stream:
        content = json.load(stream)
        if isinstance(content, dict):
            return content
    return {}


def _info(module: Module) -> Dict[str, Any]:
    try:
        info: Dict[str, Any] = get("/info")
    except DockerApiError as error:
        module.fail_json(msg=f"dockerd does not answer: {error}", hint="look at `journalctl -u docker`")
    return info


def _act(module: Module, action: str, note: Optional[Note]) -> None:
    """Start, reload or restart dockerd and wait until it works with the file."""
    if action == NONE:
        return
    if action == RELOAD:
        systemctl(module, "reload", UNIT)
        if not _loads(module):
            _fail(module, "dockerd was reloaded, but did not take daemon.json over")
        return
    # A unit that has failed too often is not started again without this.
    module.run_command(["systemctl", "reset-failed", *_UNITS])
    status, _, _ = module.run_command(["systemctl", action, *(_STARTED if action == _START else [UNIT])])
    if status == 0 and _answers():
        return
    said = _journal(module)
    if note is None:
        _fail(module, f"dockerd does not start: {said}")
    _put_back(module, note)
    module.run_command(["systemctl", "reset-failed", UNIT])
    status, _, _ = module.run_command(["systemctl", "start", UNIT])
    remove_note(module.params["state_directory"])
    up = (
        "and runs again with the former file" if status == 0 else "nor does it with the former file, put back"
    )
    _fail(module, f"dockerd does not start with the changed `{module.params['path']}` {up}: {said}")


def _put_back(module: Module, note: Note) -> None:
    """Have the former file again; a copy is kept of this one, which somebody may have edited since the note."""
    path = module.params["path"]
    if os.path.exists(path):
        back_up(path)
    if not note.backup:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        return
    with open(note.backup, "rb") as stream:
        replace(path, stream.read())


def _answers() -> bool:
    end = time.monotonic() + _READY_SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(DockerApiError):
            get("/info")
            return True
        time.sleep(0.3)
    return False


def _loads(module: Module) -> bool:
    """Wait until dockerd shows the values of the file: a reload happens some time after the signal."""
    end = time.monotonic() + _LOADED_SECONDS
    while time.monotonic() < end:
        time.sleep(0.2)
        if not not_loaded(_content(module), _info(module)):
            return True
    return False


def _journal(module: Module) -> str:
    """Return the line in which dockerd said why it ended."""
    argv = [
        "journalctl",
        "_SYSTEMD_UNIT=" + UNIT,
        "_COMM=dockerd",
        "--lines",
        "30",
        "--output",
        "cat",
        "--no-pager",
    ]
    _, output, _ = module.run_command(argv)
    lines = [line for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if "fail" in line.lower() or "unable to configure" in line]
    own = [line for line in telling if not line.startswith(UNIT) and "systemd" not in line]
    last: str = (own or telling or lines or ["its journal is empty"])[-1]
    return last.strip()


def _fail(module: Module, message: str) -> NoReturn:
    module.fail_json(msg=message, hint="look at `journalctl -u docker`")


def _diff(units: Sequence[Unit], enabled: Sequence[Unit], action: str) -> Dict[str, str]:
    before = "".join(f"{unit.name} {unit.enabled}, {unit.active}\n" for unit in units if unit.exists)
    changed = {unit.name for unit in enabled}
    after = "".join(
        f"{unit.name} {'enabled' if unit.name in changed else unit.enabled}, active"
        + (f" ({action})" if unit.name == UNIT and action != NONE else "")
        + "\n"
        for unit in units
        if unit.exists
    )
    return {"before": before, "after": after}


if __name__ == "__main__":
    main()
