"""Where the simulated hardware keeps its things, and who may read them."""

from pathlib import Path

DESCRIPTION = Path("/etc/lab-hardware/hardware.json")
"""What the server is built of; written before its first start."""

RUN = Path("/run/lab-hardware")
"""What a power cycle clears. Containers get it read-only."""

STATE = RUN / "state"
TREE = RUN / "tree"
KERNEL_LOG = RUN / "kernel.log"

PERSISTENT = Path("/var/lib/lab-hardware")
"""What outlives a power cycle: the GPUs' own memory, and faults that stay until they are taken back."""

FAULTS = PERSISTENT / "faults"
GENERATIONS = PERSISTENT / "generations"
"""How often the GPU in a slot has been replaced, a line a slot: `PCI-ADDRESS COUNT`."""

INFOROM = PERSISTENT / "inforom"
"""A file a GPU UUID: the MIG mode that an Ampere GPU comes up with."""
