"""What the simulated kernel has to say, in the form of its ring buffer."""

import time

import layout


def say(text):
    """Append a line with the time since the machine's start."""
    layout.RUN.mkdir(parents=True, exist_ok=True)
    with layout.KERNEL_LOG.open("a") as log:
        log.write("[{:12.6f}] {}\n".format(time.clock_gettime(time.CLOCK_BOOTTIME), text))
