"""The inventory: read by Ansible's own parser, checked before any host is touched."""

from provision.inventory.lint import check_variables
from provision.inventory.load import load

__all__ = ["check_variables", "load"]
