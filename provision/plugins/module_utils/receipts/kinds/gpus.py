"""Kind `gpus`: the NVIDIA GPUs on the PCI bus. Wanted: true.

State: `{PCI address: "10de:2330 GPU-4d04e08e-..."}`, the UUID only where a driver knows it. Another card of the same
model in the same slot differs by its UUID alone.
"""

from typing import Dict, Iterator, Mapping, Tuple

from ...gpus.driver import information
from ...gpus.pci import gpus
from ...host.machine import Machine


def measure(machine: Machine, _: object) -> Dict[str, str]:
    """Return what every GPU is."""
    found = {}
    for address, identifier in gpus(machine).items():
        uuid = information(machine, address).uuid
        found[address] = "{} {}".format(identifier, uuid) if uuid else identifier
    return found


def compare(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Tuple[str, str]]:
    """Compare by address. Without a driver there is no UUID, which says nothing of the GPU."""
    for address in sorted(set(before) | set(now)):
        old, new = before.get(address, "").split(), now.get(address, "").split()
        if not new:
            yield address, "GPU {} ({}) missing".format(address, old[0])
        elif not old:
            yield address, "GPU {} ({}) added".format(address, new[0])
        elif old[0] != new[0]:
            yield address, "GPU {} replaced: {} -> {}".format(address, old[0], new[0])
        elif old[1:] and new[1:] and old != new:
            yield address, "GPU {} replaced: {} -> {}".format(address, old[1], new[1])
