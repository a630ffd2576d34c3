"""Kind `cdi`: the CDI specifications of NVIDIA GPUs. Wanted: true.

State: `{"files": {path: digest}, "devices": [names], "drivers": [versions]}`, as `containers.cdi` finds it.
"""

from typing import Any, Dict, Iterator, List, Mapping, Tuple

from ...containers.cdi import specifications
from ...host.machine import Machine

_SUBJECT = "nvidia.com/gpu"


def measure(machine: Machine, _: object) -> Dict[str, Any]:
    """Return where specifications are, for which driver, and which devices they describe."""
    return specifications(machine)


def compare(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Tuple[str, str]]:
    """Tell the difference that explains the others."""
    old, new = before["files"], now["files"]
    if set(old) != set(new):
        for path in sorted(set(old) - set(new)):
            yield path, "CDI specification {} deleted".format(path)
        for path in sorted(set(new) - set(old)):
            yield path, "second CDI specification {}".format(path)
    elif before["drivers"] != now["drivers"]:
        drivers = "{} -> {}".format(_listed(before["drivers"]), _listed(now["drivers"]))
        yield _SUBJECT, "CDI specification is for driver {}".format(drivers)
    elif before["devices"] != now["devices"]:
        then, current = set(before["devices"]), set(now["devices"])
        words = ["lost {}".format(name) for name in sorted(then - current)]
        words += ["gained {}".format(name) for name in sorted(current - then)]
        yield _SUBJECT, "CDI specification {}".format(", ".join(words) or "names a device twice")
    else:
        for path in sorted(old):
            if old[path] != new[path]:
                yield path, "CDI specification {} edited".format(path)


def _listed(values: List[str]) -> str:
    return ", ".join(values) or "none"
