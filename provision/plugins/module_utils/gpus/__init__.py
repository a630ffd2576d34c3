"""NVIDIA hardware and its driver: what is on the PCI bus, what it needs, what is loaded, who uses it."""
