"""Asks hosts, one or a whole fleet: bounded threads, one result a host, and none waits for another."""

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from provision.connect import local, program, through_ansible
from provision.connect.answer import Answer
from provision.connect.connections import Connections
from provision.connect.secrets import decrypt
from provision.connect.target import LocalTarget, resolve
from provision.errors import ConnectError
from provision.model.fleet import Host

THREADS = 32

T = TypeVar("T")


@dataclass(frozen=True)
class Asked(Generic[T]):
    """What became of one host: a value, or why there is none; `seconds` is how long it took."""

    name: str
    result: T | ConnectError
    seconds: float


def prepare(entry: str) -> None:
    """Do what can be done before the hosts are known: import Fabric, pack the program."""
    from provision.connect import remote  # noqa: F401 - Fabric takes a fifth of a second to import

    program.payload(entry, {})


def ask(
    host: Host,
    inventory: Path,
    connections: Connections,
    entry: str,
    options: Mapping[str, object],
    *,
    seconds: float | None = None,
) -> Answer:
    """Run `main` of a module of `module_utils` on the host as root, and return what it answers.

    `entry` is such as `asking.survey`. Where `seconds` are given, the answer may take so long; else it takes a
    multiple of the connection's timeout at most. Raises ConnectError.
    """
    target = resolve(host, decrypt)
    if target is None:
        return through_ansible.ask(inventory, host.name, connections, entry, options, seconds=seconds)
    if isinstance(target, LocalTarget):
        return local.ask(target, connections, entry, options, seconds=seconds)
    from provision.connect import remote

    return remote.ask(target, connections, entry, options, seconds=seconds)


def ask_all(
    hosts: Sequence[Host],
    ask: Callable[[Host], T],
    on_answer: Callable[[Asked[T]], None],
    *,
    threads: int = THREADS,
) -> None:
    """Call `ask` for every host in threads, and `on_answer` in this one, for each host as its answer comes.

    What `ask` raises is that host's result.
    """
    waiting: queue.SimpleQueue[Host] = queue.SimpleQueue()
    answers: queue.SimpleQueue[Asked[T]] = queue.SimpleQueue()
    for host in hosts:
        waiting.put(host)
    for _ in range(min(threads, len(hosts))):
        # Daemons: an interrupted program does not wait for hosts that hang.
        threading.Thread(
            target=_work, args=(waiting, answers, ask), name="provision-ask", daemon=True
        ).start()
    for _ in hosts:
        on_answer(answers.get())


def _work(
    waiting: "queue.SimpleQueue[Host]", answers: "queue.SimpleQueue[Asked[T]]", ask: Callable[[Host], T]
) -> None:
    while True:
        try:
            host = waiting.get_nowait()
        except queue.Empty:
            return
        started = time.monotonic()
        result = _result(host, ask)
        answers.put(Asked(host.name, result, time.monotonic() - started))


def _result(host: Host, ask: Callable[[Host], T]) -> T | ConnectError:
    try:
        return ask(host)
    except ConnectError as error:
        return error
    except Exception as error:  # one host's surprise must not take the others' answers away
        return ConnectError(f"unexpected {type(error).__name__}: {error}", reachable=False)
