"""Receipts: what went into a role, what it answers for on the host, and what differs now."""
