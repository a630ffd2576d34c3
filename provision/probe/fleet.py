"""The probe of a whole fleet: bounded threads, one result a host, and none waits for another."""

import queue
import threading
import time
from collections.abc import Callable
from functools import partial

from provision.connect.secrets import decrypt
from provision.connect.target import resolve
from provision.model.fleet import Fleet, Host
from provision.model.observed import HostProbe, Observed
from provision.probe.answer import ProbeError

THREADS = 32
ENTRY = "asking.probe"
ENTRY_WITH_PARTITIONS = "asking.partitions"

OnHost = Callable[[HostProbe], None]
Ask = Callable[[Host], Observed]


def prepare() -> None:
    """Do what can be done before the hosts are known: import Fabric, pack the program."""
    from provision.connect import (
        program,
        remote,  # noqa: F401 - Fabric takes a fifth of a second to import
    )

    program.payload(ENTRY, {})


def probe(fleet: Fleet, *, on_host: OnHost | None = None) -> dict[str, HostProbe]:
    """Ask every host what it is and how its receipts stand; one connection and one process each.

    `on_host` is called in this thread for each host as its answer comes. The result has every host, in the
    fleet's order: one that cannot be asked has an error and a hint. On KeyboardInterrupt every connection is
    closed before the interrupt leaves this function.
    """
    from provision.connect.remote import Connections

    connections = Connections()
    try:
        return ask_all(fleet, partial(_ask, fleet, connections), on_host)
    except BaseException:
        connections.close_all()
        raise


def ask_all(fleet: Fleet, ask: Ask, on_host: OnHost | None = None) -> dict[str, HostProbe]:
    """Call `ask` for every host in threads, and turn what it raises into that host's error."""
    waiting: queue.SimpleQueue[Host] = queue.SimpleQueue()
    answers: queue.SimpleQueue[HostProbe] = queue.SimpleQueue()
    for host in fleet.hosts:
        waiting.put(host)
    for _ in range(min(THREADS, len(fleet.hosts))):
        # Daemons: an interrupted program does not wait for hosts that hang.
        threading.Thread(
            target=_work, args=(waiting, answers, ask), name="provision-probe", daemon=True
        ).start()
    found: dict[str, HostProbe] = {}
    for _ in fleet.hosts:
        result = answers.get()
        found[result.name] = result
        if on_host is not None:
            on_host(result)
    return {name: found[name] for name in fleet.names}


def _work(waiting: "queue.SimpleQueue[Host]", answers: "queue.SimpleQueue[HostProbe]", ask: Ask) -> None:
    while True:
        try:
            host = waiting.get_nowait()
        except queue.Empty:
            return
        answers.put(_one(host, ask))


def _one(host: Host, ask: Ask) -> HostProbe:
    started = time.monotonic()

    def result(
        *,
        reachable: bool,
        error: str | None = None,
        hint: str | None = None,
        observed: Observed | None = None,
    ) -> HostProbe:
        return HostProbe(host.name, reachable, error, hint, observed, time.monotonic() - started)

    try:
        return result(reachable=True, observed=ask(host))
    except ProbeError as error:
        return result(reachable=error.reachable, error=error.message, hint=error.hint)
    except Exception as error:  # one host's surprise must not take the others' answers away
        return result(reachable=False, error=f"unexpected {type(error).__name__}: {error}")


def _ask(fleet: Fleet, connections: object, host: Host) -> Observed:
    from provision.connect import program, remote
    from provision.probe import through_ansible

    assert isinstance(connections, remote.Connections)
    partitions = bool(host.variables.get("nvidia_mig_layout"))
    target = resolve(host, fleet.inventory, decrypt)
    if target is None:
        return through_ansible.probe(fleet.inventory, host.name, connections, partitions=partitions)
    return remote.probe(
        target, connections, program.payload(ENTRY_WITH_PARTITIONS if partitions else ENTRY, {})
    )
