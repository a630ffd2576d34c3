"""Kind `mig`: how GPUs are partitioned. Wanted: their PCI addresses.

State: `{PCI address: "3g.20gb + 2x 1g.5gb", "off", or null where nothing answers}`. Where the instances lie on the GPU
does not count: it changes nothing for those who use them.
"""

from typing import Dict, Iterable, Iterator, Mapping, Optional, Tuple

from ...host.machine import Machine
from ...mig.summary import partitions

_State = Mapping[str, Optional[str]]


def measure(machine: Machine, wanted: Iterable[str]) -> Dict[str, Optional[str]]:
    """Return the partitions of each GPU."""
    found = partitions(machine) or {}
    return {address: found.get(address) for address in sorted(wanted)}


def compare(before: _State, now: _State) -> Iterator[Tuple[str, str]]:
    """Compare GPU by GPU."""
    for address, old in sorted(before.items()):
        new = now.get(address)
        if new != old:
            yield address, "MIG of GPU {}: {} -> {}".format(address, old or "unknown", new or "unknown")
