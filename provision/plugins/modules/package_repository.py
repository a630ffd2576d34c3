#!/usr/bin/python
"""Ansible module: one package repository, trusted by the fingerprint of its key."""

from __future__ import annotations

import os
from typing import Any, Dict, List, Tuple

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.host.files import read_bytes, read_text
from ..module_utils.host.managed_file import diff, is_managed, manage
from ..module_utils.host.os_release import APT
from ..module_utils.packages.openpgp import OpenPgpError, certificates
from ..module_utils.packages.repositories import ARGUMENTS, RepositoryError, RepositoryFiles, render
from ..module_utils.packages.repository_files import (
    MANAGER,
    files_of,
    manager,
    refuse_conflict,
    replaced,
)

DOCUMENTATION = r"""
module: package_repository
short_description: Configures a package repository that is trusted by the fingerprint of its key
description:
  - Writes a deb822 source with C(Signed-By) and a keyring of its own (apt), or a C(.repo) file with
    C(gpgcheck=1) and its key file (dnf).
  - The key is compared with the fingerprints before anything is written. Of a file with several keys only the
    ones that the fingerprints name are trusted.
  - A repository whose address another source file offers under another key is refused - apt would read no
    list at all.
options:
  name:
    description: Name of the files and, for dnf, of the repository.
    type: str
    required: true
  uri:
    description: Address of the repository.
    type: str
    required: true
  suite:
    description: Suite of an apt repository. A flat repository ends in a slash.
    type: str
    default: ./
  components:
    description: Components of an apt repository. Empty for a flat one.
    type: list
    elements: str
    default: []
  key:
    description: The public key as armored text, or its address as seen by the host.
    type: str
    required: true
  key_fingerprints:
    description: Fingerprints of the keys to trust. Required for a key that is given by its address.
    type: list
    elements: str
    default: []
  replaces:
    description: Files that are removed because this repository takes their place; may hold wildcards.
    type: list
    elements: str
    default: []
  module_hotfixes:
    description: Whether dnf offers packages that modular filtering would hide.
    type: bool
    default: false
  state:
    description: Whether the repository is configured. V(absent) removes the files of this name, nothing else.
    type: str
    choices: [present, absent]
    default: present
  manager:
    description: The package manager. C(auto) asks os-release.
    type: str
    choices: [auto, apt, dnf]
    default: auto
attributes:
  check_mode:
    description: Reports what would change and changes nothing.
    support: full
  diff_mode:
    description: Shows the source file and names the keys.
    support: full
author: [provision contributors]
"""

EXAMPLES = r"""
- name: Configure the driver repository
  package_repository:
    name: nvidia-driver
    uri: https://developer.download.nvidia.com/compute/cuda/repos/debian12/x86_64/
    key: https://developer.download.nvidia.com/compute/cuda/repos/debian12/x86_64/3bf863cc.pub
    key_fingerprints: [EB693B3035CD5710E231E123A4B469963BF863CC]
"""

RETURN = r"""
repository:
  description: The options given, as an item of C(pending_repositories) of the other package modules.
  returned: success
  type: dict
files:
  description: Paths of the source file and the key where the repository is configured.
  returned: success
  type: list
  elements: str
absent:
  description: The same paths where the repository is absent.
  returned: success
  type: list
  elements: str
removed:
  description: Files that went, of this repository or replaced by it.
  returned: success
  type: list
  elements: str
"""

Wanted = List[Tuple[str, bytes]]


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec=dict(
            ARGUMENTS,
            manager=MANAGER,
            state={"type": "str", "choices": ["present", "absent"], "default": "present"},
        ),
        supports_check_mode=True,
    )
    options: Dict[str, Any] = {name: module.params[name] for name in ARGUMENTS}
    package_manager = manager(module.params["manager"])
    present = module.params["state"] == "present"
    try:
        files = files_of(options, package_manager) if present else render(options, b"", package_manager)
        if present and package_manager == APT:
            refuse_conflict(files)
    except RepositoryError as error:
        module.fail_json(msg=str(error), hint=error.hint)
    wanted = (
        [(files.key_path, files.key), (files.source_path, files.source.encode("utf-8"))] if present else []
    )
    differing = [(path, content) for path, content in wanted if not is_managed(path, content)]
    own = [files.source_path, files.key_path]
    removed = replaced(files) if present else [path for path in own if os.path.exists(path)]
    changed = bool(differing or removed)
    diffs = _diff(files, differing, removed)
    if changed and not module.check_mode:
        for path in removed:
            os.unlink(path)
        for path, content in differing:
            manage(path, content)
    module.exit_json(
        changed=changed,
        repository=options,
        files=own if present else [],
        absent=[] if present else own,
        removed=removed,
        diff=diffs,
    )


def _diff(files: RepositoryFiles, differing: Wanted, removed: List[str]) -> List[Dict[str, str]]:
    shown = []
    for path, content in differing:
        text = content.decode("utf-8") if path == files.source_path else _described(content)
        before = read_text(path) if path == files.source_path else _described(read_bytes(path) or b"")
        shown.append(diff(path, before or "", text))
    shown += [
        {"before_header": path, "after_header": path, "before": "%s\n" % path, "after": ""}
        for path in removed
    ]
    return shown


def _described(key: bytes) -> str:
    try:
        return "".join("key %s\n" % each.fingerprint for each in certificates(key)) if key else ""
    except OpenPgpError:
        return "no OpenPGP key\n"


if __name__ == "__main__":
    main()
