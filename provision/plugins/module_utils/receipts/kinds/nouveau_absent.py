"""Kind `nouveau_absent`: the module nouveau is not loaded. Wanted: true.

State: whether that is so.
"""

from typing import Iterator, Tuple

from ...host.machine import Machine


def measure(machine: Machine, _: object) -> bool:
    """Tell whether nouveau stays away from the GPUs."""
    return not machine.exists("/sys/module/nouveau")


def compare(before: bool, now: bool) -> Iterator[Tuple[str, str]]:
    """Tell it where it is back."""
    if before and not now:
        yield "nouveau", "nouveau is loaded"
