"""NVIDIA's container toolkit, acted by Python: the same commands, files, words and exit codes.

Runs on the lab's hosts with the distribution's Python (3.11 or newer) and its PyYAML, which the lab's images have.
The GPUs are read through the public API of libnvidia-ml, as the real toolkit does.
"""
