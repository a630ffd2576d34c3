"""The inventory of a lab file of one's own; that of the lab itself is inventory/lab.ini, written by hand."""

from collections.abc import Mapping

from provision.lab.images import USER
from provision.lab.spec import Lab
from provision.lab.state import State


def write(lab: Lab, state: State) -> None:
    """Write the inventory of a lab below the state directory."""
    path = state.inventory(lab.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(lab, state))


def render(lab: Lab, state: State) -> str:
    """Return the inventory as INI: hosts, groups, and how to reach them. Pure."""
    groups: dict[str, list[str]] = {}
    for server in lab.servers:
        for group in server.groups or ("ungrouped",):
            groups.setdefault(group, []).append(f"{server.name} ansible_host={server.address}")
    blocks = [f"[{group}]\n" + "\n".join(hosts) for group, hosts in groups.items()]
    blocks.append("[all:vars]\n" + "\n".join(f"{key}={value}" for key, value in connection(state).items()))
    return f"# Servers of {lab.source}, written by `provision lab up`.\n\n" + "\n\n".join(blocks) + "\n"


def connection(state: State) -> Mapping[str, str]:
    """Return the Ansible variables by which every server of a lab is reached."""
    return {
        "ansible_user": USER,
        "ansible_ssh_private_key_file": str(state.key),
        "ansible_ssh_common_args": (
            f"-o UserKnownHostsFile={state.known_hosts} -o StrictHostKeyChecking=yes"
        ),
    }
