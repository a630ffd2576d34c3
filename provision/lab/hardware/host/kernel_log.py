"""What the simulated kernel has to say, in the form of its ring buffer."""

from __future__ import annotations

import time

import layout


def say(text: str) -> None:
    """Append a line with the time since the machine's start."""
    layout.RUN.mkdir(parents=True, exist_ok=True)
    with layout.KERNEL_LOG.open("a") as log:
        log.write(f"[{time.clock_gettime(time.CLOCK_BOOTTIME):12.6f}] {text}\n")
