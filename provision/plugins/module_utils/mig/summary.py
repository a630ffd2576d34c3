"""How GPUs are partitioned now, in few words, for receipts and status.

Nothing is loaded or started for it: without a loaded driver the answer is that it is not known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, Mapping, Optional, Tuple

from ..host.machine import Machine

if TYPE_CHECKING:
    from ..gpus.nvml import Nvml

_OFF = "off"
_ON = "on, no instances"


def partitions(machine: Machine) -> Optional[Dict[str, str]]:
    """Return the partitions of every GPU that is capable of MIG, by PCI address; None where nothing answers.

    In words, such as `3g.20gb + 2x 1g.5gb` or `off`.
    """
    if not (machine.exists("/sys/module/nvidia") and machine.exists("/dev/nvidiactl")):
        return None
    from ..gpus.nvml import Nvml, NvmlError  # slow to define, and most hosts are not partitioned

    try:
        with Nvml() as nvml:
            return {
                nvml.pci(device).address: text for device in nvml.devices() for text in _gpu(nvml, device)
            }
    except (NvmlError, OSError, AttributeError):
        return None


def _gpu(nvml: Nvml, device: int) -> Tuple[str, ...]:
    """Return how one GPU is partitioned; nothing where it cannot do MIG."""
    mode = nvml.mig_mode(device)
    if mode is None:
        return ()
    if mode[0] != mode[1]:
        return ("%s, %s after a reset" % (("on", _OFF) if mode[0] else (_OFF, "on")),)
    if not mode[0]:
        return (_OFF,)
    counts: Dict[str, int] = {}
    for profile in sorted(nvml.gpu_instance_profiles(device), key=lambda each: (-each.slices, each.name)):
        for instance in nvml.gpu_instances(device, profile.identifier):
            parts = sorted((each.slices for each in nvml.compute_instances(instance.handle)), reverse=True)
            whole = parts == [profile.slices]
            name = (
                profile.name
                if whole
                else "%s (%s)" % (profile.name, "+".join("%dc" % part for part in parts))
            )
            counts[name] = counts.get(name, 0) + 1
    return (describe(counts) or _ON,)


def describe(counts: Mapping[str, int]) -> str:
    """Write partitions as people do: `3g.20gb + 2x 1g.5gb`."""
    return " + ".join(name if count == 1 else "%dx %s" % (count, name) for name, count in counts.items())
