"""Where playbooks, roles and plugins are: in the clone, or in the wheel as collection `provision.gpu`."""

import os
from pathlib import Path

_CLONE = Path(__file__).resolve().parents[1]
_COLLECTION = _CLONE / "ansible_collections" / "provision" / "gpu"

ROLES = ("nvidia_driver", "nvidia_mig", "docker_engine", "nvidia_container_toolkit")
"""Every role that `provision up` applies, in the order in which one machine needs them."""


def is_clone() -> bool:
    """Tell whether this is a source tree rather than an installed wheel."""
    return (_CLONE / "playbooks").is_dir()


def playbook(name: str) -> str:
    """Return what `ansible-playbook` calls the playbook: a path in a clone, a collection name in a wheel."""
    return str(_CLONE / "playbooks" / f"{name}.yml") if is_clone() else f"provision.gpu.{name}"


def roles_directory() -> Path:
    """Return the folder that holds one folder a role."""
    return (_CLONE if is_clone() else _COLLECTION) / "roles"


def plugins_directory() -> Path:
    """Return the folder that holds `modules/`, `module_utils/`, `action/` and `callback/`."""
    return Path(__file__).resolve().parent / "plugins"


def environment() -> dict[str, str]:
    """Return the variables that make `ansible-playbook` find our content, whatever the working directory."""
    if not is_clone():
        return {}
    plugins = plugins_directory()
    return {
        "ANSIBLE_CONFIG": str(_CLONE / "ansible.cfg"),
        "ANSIBLE_ROLES_PATH": str(roles_directory()),
        "ANSIBLE_LIBRARY": str(plugins / "modules"),
        "ANSIBLE_MODULE_UTILS": str(plugins / "module_utils"),
        "ANSIBLE_ACTION_PLUGINS": str(plugins / "action"),
        "ANSIBLE_CALLBACK_PLUGINS": str(plugins / "callback"),
    }


def export_environment() -> None:
    """Let Ansible find our content in this process and in those that it starts; what the user set stays."""
    for name, value in environment().items():
        os.environ.setdefault(name, value)


def callback() -> str:
    """Return the name under which the event callback is enabled."""
    return "provision_events" if is_clone() else "provision.gpu.provision_events"
