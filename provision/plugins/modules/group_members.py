#!/usr/bin/python
"""Ansible module: existing users are members of an existing group."""

from __future__ import annotations

import grp
import pwd
from typing import Dict, List, Optional

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: group_members
short_description: Makes existing users members of a group
description:
  - Never creates a user or a group, and removes nobody from the group.
options:
  group:
    description: Name of the group.
    type: str
    required: true
  members:
    description: Names of users, local ones or from a directory service.
    type: list
    elements: str
    required: true
attributes:
  check_mode:
    description: A group that does not exist yet counts as empty.
    support: full
  diff_mode:
    description: Shows the members before and after.
    support: full
author: [provision contributors]
"""

EXAMPLES = r"""
- name: Let alice use Docker
  group_members:
    group: docker
    members: [alice]
"""

RETURN = r"""
added:
  description: Users that became members.
  returned: success
  type: list
  elements: str
"""


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "group": {"type": "str", "required": True},
            "members": {"type": "list", "elements": "str", "required": True},
        },
        supports_check_mode=True,
    )
    group, wanted = module.params["group"], module.params["members"]
    unknown = [name for name in wanted if not _user_exists(name)]
    if unknown:
        module.fail_json(
            msg=f"no such user on this host: {', '.join(f'`{name}`' for name in unknown)}",
            hint="create the user first, or correct `docker_engine_users`",
        )
    entry = _group(group)
    if entry is None and not module.check_mode:
        module.fail_json(
            msg=f"no such group on this host: `{group}`", hint="the package that makes it is missing"
        )
    before = sorted(entry.gr_mem) if entry is not None else []
    added = [name for name in wanted if name not in before and not _is_primary(name, entry)]
    if not module.check_mode:
        _add(module, group, added)
    module.exit_json(changed=bool(added), added=added, diff=_diff(group, before, added))


def _user_exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _group(name: str) -> Optional[grp.struct_group]:
    try:
        return grp.getgrnam(name)
    except KeyError:
        return None


def _is_primary(user: str, group: Optional[grp.struct_group]) -> bool:
    return group is not None and pwd.getpwnam(user).pw_gid == group.gr_gid


def _add(module: AnsibleModule, group: str, users: List[str]) -> None:
    for user in users:
        status, _, errors = module.run_command(["gpasswd", "--add", user, group])
        if status != 0:
            module.fail_json(msg=f"cannot add `{user}` to group `{group}`: {errors.strip()}")


def _diff(group: str, before: List[str], added: List[str]) -> Dict[str, str]:
    def line(members: List[str]) -> str:
        return f"{group}: {', '.join(sorted(members))}\n"

    return {"before_header": "/etc/group", "before": line(before), "after": line([*before, *added])}


if __name__ == "__main__":
    main()
