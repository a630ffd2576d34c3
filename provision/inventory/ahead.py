"""Read an inventory in a process of its own, while this one imports what it needs for the hosts.

Ansible, which reads inventories, and Fabric take as long to import as everything else together.
"""

import atexit
import os
import pickle
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from provision import content
from provision.inventory.lint import check_variables
from provision.inventory.load import load
from provision.model.fleet import Fleet

_THREADS = Path("/proc/self/task")


def read_ahead(inventory: Path, limit: str | None, *, check: bool) -> Callable[[], Fleet]:
    """Begin to read; the function returned waits for the fleet. `check` checks its variables as well.

    The function raises what `load` and `check_variables` raise.
    """
    content.export_environment()

    def read() -> Fleet:
        fleet = load(inventory, limit)
        if check:
            check_variables(fleet)
        return fleet

    # A fork takes only the thread that calls it: where there are others, they may hold what it would wait for.
    if not _THREADS.is_dir() or len(list(_THREADS.iterdir())) > 1:
        return read
    source, sink = os.pipe()
    child = os.fork()
    if child == 0:
        _answer(sink, read)
    os.close(sink)
    atexit.register(_end, child)

    def wait() -> Fleet:
        with os.fdopen(source, "rb") as file:
            answer = file.read()
        atexit.unregister(_end)
        os.waitpid(child, 0)
        # Without an answer it is read again here: what is wrong is then raised where it can be told.
        return pickle.loads(answer) if answer else read()

    return wait


def _answer(sink: int, read: Callable[[], Fleet]) -> NoReturn:
    """Write the fleet, nothing where it cannot be read, and end the process as if it had never been."""
    with suppress(BaseException):
        answer = pickle.dumps(read())
        with os.fdopen(sink, "wb") as file:
            file.write(answer)
    os._exit(0)


def _end(child: int) -> None:
    """End a process whose answer nobody waits for any more."""
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGTERM)
