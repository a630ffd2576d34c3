"""The memory of runs, beside the inventory: what was run, when, and how each host ended."""

from provision.journal.runs import Journal, open_journal

__all__ = ["Journal", "open_journal"]
