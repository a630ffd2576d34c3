"""Which roles each host needs and why: decided from the inventory, the receipts and the measurements."""

from provision.plan.build import Source, build

__all__ = ["Source", "build"]
