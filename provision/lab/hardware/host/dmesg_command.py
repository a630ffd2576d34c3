"""dmesg: the simulated kernel's messages, with `-T` for the time of day."""

from __future__ import annotations

import sys
import time

import layout


def main() -> None:
    """Print the log."""
    started = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    readable = any(option in ("-T", "--ctime") or option.startswith("-T") for option in sys.argv[1:])
    lines = layout.KERNEL_LOG.read_text().splitlines() if layout.KERNEL_LOG.exists() else []
    for line in lines:
        stamp, text = line[1:].split("] ", 1)
        when = time.ctime(started + float(stamp)) if readable else stamp
        sys.stdout.write(f"[{when}] {text}\n")
