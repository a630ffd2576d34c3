"""The probe of a whole fleet."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from provision.connect import asking
from provision.connect.asking import Asked, ask, ask_all
from provision.connect.connections import Connections
from provision.errors import ConnectError
from provision.model.fleet import Fleet, Host
from provision.model.observed import HostProbe, Observed
from provision.probe.answer import observed

ENTRY = "asking.survey"
ENTRY_WITH_PARTITIONS = "asking.partitions"

OnHost = Callable[[HostProbe], None]


def prepare() -> None:
    """Do what can be done before the hosts are known."""
    asking.prepare(ENTRY)


def probe(fleet: Fleet, *, on_host: OnHost | None = None) -> dict[str, HostProbe]:
    """Ask every host what it is and how its receipts stand; one connection and one process each.

    `on_host` is called in this thread for each host as its answer comes. The result has every host, in the
    fleet's order: one that cannot be asked has an error and a hint. On KeyboardInterrupt every connection is
    closed before the interrupt leaves this function.
    """
    found: dict[str, HostProbe] = {}

    def add(asked: Asked[Observed]) -> None:
        found[asked.name] = _host_probe(asked)
        if on_host is not None:
            on_host(found[asked.name])

    with Connections() as connections:
        ask_all(fleet.hosts, partial(_observe, fleet.inventory, connections), add)
    return {name: found[name] for name in fleet.names}


def _observe(inventory: Path, connections: Connections, host: Host) -> Observed:
    entry = ENTRY_WITH_PARTITIONS if host.desired.partitioned else ENTRY
    return observed(ask(host, inventory, connections, entry, {}))


def _host_probe(asked: Asked[Observed]) -> HostProbe:
    result = asked.result
    if isinstance(result, ConnectError):
        return HostProbe(asked.name, result.reachable, result.message, result.hint, None, asked.seconds)
    return HostProbe(asked.name, True, None, None, result, asked.seconds)
