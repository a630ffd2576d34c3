"""Kind `units`: units of systemd, running and starting at boot. Wanted: their names, with suffix.

State: `{unit: {"active": ActiveState, "enabled": UnitFileState, "load": LoadState}}`, in systemd's words.
"""

from typing import Dict, Iterable, Iterator, Mapping, Tuple

from ...host.machine import Machine
from ...host.systemd import Unit, show

_State = Mapping[str, Mapping[str, str]]
_WORDS = {"active": "running", "inactive": "stopped", "activating": "keeps restarting"}


def measure(machine: Machine, wanted: Iterable[str]) -> Dict[str, Dict[str, str]]:
    """Return the state of all units, in one call."""
    return {
        unit.name: {"active": _activity(unit), "enabled": unit.enabled, "load": unit.load}
        for unit in show(machine.run, sorted(wanted))
    }


def compare(before: _State, now: _State) -> Iterator[Tuple[str, str]]:
    """Compare unit by unit."""
    for name, old in sorted(before.items()):
        new = now.get(name, {"active": "unknown", "enabled": "", "load": "not-found"})
        if old["load"] == "loaded" and new["load"] == "not-found":
            yield name, "{} gone".format(name)
            continue
        if new["load"] == "masked" != old["load"]:
            yield name, "{} masked".format(name)
        elif old["enabled"] != new["enabled"]:
            yield name, "{} {}".format(name, new["enabled"] or "has no unit file")
        if old["active"] != new["active"]:
            yield name, "{} {}".format(name, _WORDS.get(new["active"], new["active"]))


def _activity(unit: Unit) -> str:
    # What runs now and then, and ends by itself, is no other while it runs.
    return "inactive" if unit.passing and unit.active in ("activating", "deactivating") else unit.active
