"""The simulated hardware of the lab: GPUs, NVSwitches and HCAs described by data, seen through a host's own files.

`Hardware` says what a server is built of, `write_overlay` turns that into files for the server's root file system,
`compile_userspace` and `compile_module` make the programs and modules that the lab's driver packages carry,
`compile_sample` a CUDA program for its container image.
"""

from provision.lab.hardware.hardware import Hardware
from provision.lab.hardware.native import compile_module, compile_sample, compile_userspace
from provision.lab.hardware.overlay import FAULTS, write_overlay

__all__ = ["FAULTS", "Hardware", "compile_module", "compile_sample", "compile_userspace", "write_overlay"]
