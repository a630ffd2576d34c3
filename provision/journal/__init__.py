"""The memory of runs, beside the inventory: what was run, when, and how each host ended."""

from provision.journal.runs import Journal, PastRun, open_journal, past_runs

__all__ = ["Journal", "PastRun", "open_journal", "past_runs"]
