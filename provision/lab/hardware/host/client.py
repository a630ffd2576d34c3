"""A program that keeps the device files it was started with open until it is ended, as a CUDA program does."""

import signal

signal.pause()
