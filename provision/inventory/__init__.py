"""The inventory: read by Ansible's own parser, checked before any host is touched."""

from provision.inventory.ahead import read_ahead
from provision.inventory.files import with_files
from provision.inventory.lint import check_variables
from provision.inventory.load import load
from provision.inventory.specs import load_specs

__all__ = ["check_variables", "load", "load_specs", "read_ahead", "with_files"]
