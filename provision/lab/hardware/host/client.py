"""A program that holds the device files named on its command line until it is ended, as a CUDA program does."""

import os
import signal
import sys

for node in sys.argv[1:]:
    # Opening a device that has no driver fails; O_PATH gives the descriptor that tells who holds it.
    os.open(node, os.O_PATH)
signal.pause()
