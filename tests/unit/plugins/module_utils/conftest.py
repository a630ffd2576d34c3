"""The lab's library and GPUs, for what drives them."""

from tests.unit.lab.hardware.conftest import nvml, programs, server

__all__ = ["nvml", "programs", "server"]
