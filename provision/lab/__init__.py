"""Simulated servers: containers with systemd, sshd and apt, on described hardware, with faults by name.

    from provision import lab
    lab.up(["hgx01"])               # start, or leave running
    lab.reset("hgx01")              # fresh again, in seconds
    lab.fault("hgx01", "apt_lock", on=True)
    lab.down()

The product never imports this package; only the command `provision lab` and the tests do.
"""

from provision.lab.faults import summaries as fault_summaries
from provision.lab.lifecycle import clone, down, fault, reset, status, up

__all__ = ["clone", "down", "fault", "fault_summaries", "reset", "status", "up"]
