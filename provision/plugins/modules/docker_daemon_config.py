#!/usr/bin/python
"""Ansible module: named keys of Docker's daemon.json, merged into whatever else the file holds."""

from __future__ import annotations

import os
from typing import Any, Dict, List, Optional, Tuple

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.containers.consent import refuse_restart
from ..module_utils.containers.daemon_json import RESTART, Path, combined, leaves, parse_version
from ..module_utils.containers.daemon_json_change import Change, Found, decide
from ..module_utils.containers.daemon_json_owners import Owners, OwnersError, load_owners, save_owners
from ..module_utils.containers.docker_service import STATE, UNIT, Note, read_note, write_note
from ..module_utils.containers.dockerd_flags import conflicts, environment_files, parse_unit
from ..module_utils.host.files import back_up, replace
from ..module_utils.host.json_document import JsonDocumentError
from ..module_utils.host.machine import Machine
from ..module_utils.host.module import Module, runner
from ..module_utils.host.systemd import show
from ..module_utils.packages.installed import packages

DOCUMENTATION = r"""
module: docker_daemon_config
short_description: Merges named keys into Docker's daemon.json
description:
  - Sets the given keys, deep ones one by one, and leaves every other byte of the file as it is.
  - Remembers which keys an owner has set, and removes those that the owner asks for no longer. Two owners
    that want different values of one key are refused.
  - Refuses a file that dockerd cannot read, naming line and column, and keys that are also flags of
    dockerd, naming the unit file. The result is checked with C(dockerd --validate), which dockerd has since
    23.0.
  - Refuses a change that needs a restart of dockerd which would stop containers, before anything is written.
  - Writes atomically, keeps mode, owner and symbolic link, and copies the former file to
    C(/var/lib/provision/backup). It is M(docker_daemon) that restarts or reloads dockerd.
options:
  owner:
    description: Who asks for the keys.
    type: str
    required: true
  settings:
    description: The keys with their values, nested as in the file. A list replaces the file's list.
    type: dict
    default: {}
  since:
    description: Further keys for engines of at least a version, by that version.
    type: dict
    default: {}
  engine_version:
    description: The version that counts while dockerd is not installed. Empty stands for any version.
    type: str
    default: ''
  state:
    description:
      - C(merged) sets the keys.
      - C(saved) keeps a copy of the file while one of O(packages) is installed, because their removal may
        take the file along. The next C(merged) starts from that copy if the file is gone.
    type: str
    choices: [merged, saved]
    default: merged
  packages:
    description: Packages that may own the file.
    type: list
    elements: str
    default: []
  programs_at_start:
    description:
      - Programs that dockerd looks for only when it starts. While one of them is not on the host, dockerd has to
        be restarted once it is - C(saved) remembers that before the packages come, so that a run which is
        killed in between leaves it to the next one.
    type: list
    elements: str
    default: []
  allow_restart:
    description: Whether a change may need a restart of dockerd that stops containers.
    type: bool
    default: false
  consent:
    description: The variable to set for that, named in the refusal.
    type: str
    default: docker_engine_allow_restart
  path:
    description: The file.
    type: path
    default: /etc/docker/daemon.json
  state_directory:
    description: Where ownership and the note for M(docker_daemon) are kept.
    type: path
    default: /var/lib/provision/docker
attributes:
  check_mode:
    description: Merges, validates and refuses as in a run, writes nothing.
    support: full
  diff_mode:
    description: Shows the file before and after.
    support: full
author: [provision contributors]
"""

EXAMPLES = r"""
- name: Rotate the logs of containers
  docker_daemon_config:
    owner: docker_engine
    settings:
      log-opts:
        max-size: 50m
"""

RETURN = r"""
semantic_change:
  description: Whether the file means something else than before.
  returned: success
  type: bool
activation:
  description: What a running dockerd needs to load the change. One of C(none), C(reload), C(restart).
  returned: success
  type: str
restart_needed:
  description: Whether activation is C(restart).
  returned: success
  type: bool
keys:
  description: The owner's keys, as paths.
  returned: success
  type: list
  elements: list
backup_file:
  description: The copy of the former file.
  returned: when the file was replaced
  type: str
"""

_VALIDATES = (23,)
_SAVED = "daemon.json.saved"


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "owner": {"type": "str", "required": True},
            "settings": {"type": "dict", "default": {}},
            "since": {"type": "dict", "default": {}},
            "engine_version": {"type": "str", "default": ""},
            "state": {"type": "str", "choices": ["merged", "saved"], "default": "merged"},
            "packages": {"type": "list", "elements": "str", "default": []},
            "programs_at_start": {"type": "list", "elements": "str", "default": []},
            "allow_restart": {"type": "bool", "default": False},
            "consent": {"type": "str", "default": "docker_engine_allow_restart"},
            "path": {"type": "path", "default": "/etc/docker/daemon.json"},
            "state_directory": {"type": "path", "default": STATE},
        },
        supports_check_mode=True,
    )
    try:
        if module.params["state"] == "saved":
            _save(module)
        _merge(module)
    except OSError as error:
        module.fail_json(msg=f"cannot write `{error.filename or module.params['path']}`: {error.strerror}")


def _save(module: AnsibleModule) -> None:
    """Keep a copy of the file while a package that may take it along is installed. Bookkeeping: no change.

    And remember that dockerd has to look again for programs that the packages bring. A run without Docker fails
    here, before anything is installed for it.
    """
    path, folder = module.params["path"], module.params["state_directory"]
    missing = _missing_programs(module)
    (docker,) = show(runner(module), [UNIT])
    if not docker.exists and not module.check_mode:
        module.fail_json(msg="Docker is not installed on this host", hint="apply role docker_engine first")
    if missing and docker.runs:
        refuse_restart(module, live_restore_goes=False)
        if not module.check_mode:
            former = read_note(docker, folder)
            backup = former.backup if former else _back_up(path)
            write_note(Note(RESTART, missing, backup, docker.invocation).upon(former), folder)
    installed = packages(Machine(), module.params["packages"])
    if any(package["version"] for package in installed.values()) and not module.check_mode:
        text = _read(path)
        if text is not None:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            replace(os.path.join(folder, _SAVED), text.encode(), mode=0o600)
    module.exit_json(changed=False)


def _merge(module: AnsibleModule) -> None:
    found = _found(module)
    settings = _settings(module, found.version)
    change = _decided(module, found, settings, _owners(module, settings))
    result: Dict[str, Any] = {
        "changed": change.is_written,
        "semantic_change": change.is_semantic,
        "keys": [list(key) for key in change.keys],
        "activation": change.activation,
        "restart_needed": change.activation == RESTART,
    }
    if change.is_written:
        _refuse_flags(module, change.keys, found.version)
        _validate(module, change.text, found.version)
        result["diff"] = _diff(module.params["path"], found.text, change.text)
    if change.activation == RESTART and found.docker.runs:
        refuse_restart(module, live_restore_goes=change.loses_live_restore)
    if not module.check_mode:
        result.update(_carry_out(module, found, change))
    module.exit_json(**result)


def _carry_out(module: AnsibleModule, found: Found, change: Change) -> Dict[str, str]:
    """Do what was decided; return the result's further keys.

    In this order a run may be killed at any point, and the next one ends where it would have ended:

    1. a copy of the former file, which the note names;
    2. the note: once the file is new, somebody knows that dockerd has not loaded it;
    3. the owners: once the file is new, each of its keys has one who can take it out again;
    4. the file;
    5. the saved copy goes, now that the file is there.

    M(docker_daemon) then has dockerd load the file, settles the owners and removes the note.
    """
    path, folder = module.params["path"], module.params["state_directory"]
    result = {"backup_file": _back_up(path)} if change.is_written else {}
    if change.note is not None:
        backup = found.note.backup if found.note else result["backup_file"]
        write_note(change.note._replace(backup=backup), folder)
    save_owners(folder, change.owners)
    if change.is_written:
        _write(module, change.text)
    if found.saved is not None:
        os.unlink(os.path.join(folder, _SAVED))
    return result


def _found(module: AnsibleModule) -> Found:
    path, folder = module.params["path"], module.params["state_directory"]
    (docker,) = show(runner(module), [UNIT])
    return Found(
        text=_read(path),
        saved=_read(os.path.join(folder, _SAVED)),
        version=_engine_version(module),
        docker=docker,
        # A start loads the file as it is.
        note=read_note(docker, folder) if docker.runs else None,
        missing=_missing_programs(module),
    )


def _missing_programs(module: AnsibleModule) -> List[str]:
    return [name for name in module.params["programs_at_start"] if module.get_bin_path(name) is None]


def _settings(module: AnsibleModule, version: Optional[Tuple[int, ...]]) -> Dict[str, Any]:
    """Return the wanted keys, with those that this engine knows."""
    settings: Dict[str, Any] = module.params["settings"]
    for since, extra in module.params["since"].items():
        if version is None or version >= (parse_version(since + ".0") or ()):
            settings = combined(settings, extra)
    return settings


def _engine_version(module: AnsibleModule) -> Optional[Tuple[int, ...]]:
    dockerd = module.get_bin_path("dockerd")
    if dockerd is None:
        return parse_version(module.params["engine_version"])
    _, output, _ = module.run_command([dockerd, "--version"])
    return parse_version(output)


def _owners(module: AnsibleModule, settings: Dict[str, Any]) -> Owners:
    """Return who owns which keys; fail where another owner wants another value of one of `settings`."""
    try:
        owners = load_owners(module.params["state_directory"])
    except OwnersError as error:
        module.fail_json(
            msg=str(error), hint="remove it; keys that were set earlier then stay in daemon.json"
        )
    owner = module.params["owner"]
    for key, value in leaves(settings):
        rival = owners.rival(owner, key, value)
        if rival is not None:
            module.fail_json(
                msg=f"`{'.'.join(key)}` in `{module.params['path']}` is set by {rival} to another value",
                hint=f"leave `{key[0]}` to one of {owner} and {rival}",
            )
    return owners


def _decided(module: Module, found: Found, settings: Dict[str, Any], owners: Owners) -> Change:
    path = module.params["path"]
    try:
        return decide(found, module.params["owner"], settings, owners)
    except JsonDocumentError as error:
        module.fail_json(
            msg=f"{error.message} in `{path}`, line {error.line}, column {error.column}",
            hint="correct the file, or remove it; it was not touched",
            path=path,
            line=error.line,
            column=error.column,
        )


def _refuse_flags(module: AnsibleModule, keys: List[Path], version: Optional[Tuple[int, ...]]) -> None:
    """Fail where a key is also a flag of dockerd, which would then not start."""
    if version is None:
        return
    status, unit, _ = module.run_command(["systemctl", "cat", UNIT])
    if status != 0:
        return
    files = {name: _read(name) or "" for name in environment_files(unit)}
    found: List[str] = []
    source = ""
    for key, flag in conflicts(parse_unit(unit, files), keys):
        found.append(f"`{key}`")
        source = flag.source
    if found:
        module.fail_json(
            msg=f"{', '.join(found)} of `{module.params['path']}` is also a flag of dockerd in `{source}`",
            hint=f"remove the flag from `{source}`: dockerd does not start with a key in both places",
        )


def _validate(module: AnsibleModule, content: str, version: Optional[Tuple[int, ...]]) -> None:
    """Fail where dockerd itself would not take the file."""
    dockerd = module.get_bin_path("dockerd")
    if dockerd is None or version is None or version < _VALIDATES:
        return
    candidate = os.path.join(module.tmpdir, "daemon.json")
    with open(candidate, "w", encoding="utf-8") as stream:
        stream.write(content)
    status, output, errors = module.run_command([dockerd, "--validate", "--config-file", candidate])
    if status != 0:
        said = (errors or output).strip().replace(candidate, module.params["path"])
        module.fail_json(
            msg=f"dockerd does not accept the wanted `{module.params['path']}`: {said}",
            hint=f"check the options that {module.params['owner']} sets; the file was not touched",
        )


def _back_up(path: str) -> str:
    """Return the path of a copy; empty where there is no file."""
    return back_up(path) if os.path.exists(path) else ""


def _write(module: AnsibleModule, content: str) -> None:
    path = module.params["path"]
    os.makedirs(os.path.dirname(os.path.realpath(path)), mode=0o755, exist_ok=True)

    def label(temporary: str) -> None:
        context = (
            module.selinux_context(path) if os.path.exists(path) else module.selinux_default_context(path)
        )
        module.set_context_if_different(temporary, context, False)

    replace(path, content.encode(), label=label)


def _read(path: str) -> Optional[str]:
    try:
        with open(path, encoding="utf-8", newline="") as stream:
            return stream.read()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise OSError(0, f"not UTF-8 at byte {error.start}", path) from error


def _diff(path: str, before: Optional[str], after: str) -> Dict[str, str]:
    return {"before_header": path, "after_header": path, "before": before or "", "after": after}


if __name__ == "__main__":
    main()
