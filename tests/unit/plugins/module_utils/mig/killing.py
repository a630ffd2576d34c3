"""Ends a process, as SIGKILL does, right before one of its effects: a call that changes a GPU, a command, a file."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from provision.plugins.module_utils.gpus.nvml import Nvml

_FILES = ("os.rename", "os.remove")


class Countdown:
    """Counts the effects of this process, and ends it before the given one."""

    def __init__(self, at: int) -> None:
        self._left = at

    def tick(self) -> None:
        """Note that an effect comes now."""
        self._left -= 1
        if self._left == 0:
            signal.raise_signal(signal.SIGKILL)

    def watch_files(self, folder: Path) -> None:
        """Count what is renamed and removed there from now on; it cannot be taken back in this process."""

        def hook(event: str, arguments: tuple[object, ...]) -> None:
            if event in _FILES and str(arguments[0]).startswith(f"{folder}/"):
                self.tick()

        sys.addaudithook(hook)


class Killing:
    """Stands before the library and counts the calls that change something."""

    def __init__(self, library: Nvml, countdown: Countdown) -> None:
        self._library, self._countdown = library, countdown

    def __enter__(self) -> "Killing":
        return self

    def __exit__(self, *_: object) -> None:
        self._library.close()

    def __getattr__(self, name: str) -> Callable[..., object]:
        found: Callable[..., object] = getattr(self._library, name)
        return partial(self._call, found) if name.startswith(("create_", "destroy_", "set_")) else found

    def _call(self, found: Callable[..., object], *arguments: object) -> object:
        self._countdown.tick()
        return found(*arguments)


def is_killed(target: Callable[..., None], *arguments: object) -> bool:
    """Run a function of a test module in a process of its own; tell whether it was killed. It may not fail."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([target.__module__])
    process = context.Process(target=_run, args=(dict(os.environ), target, *arguments))
    process.start()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
    return process.exitcode != 0


def _run(environment: dict[str, str], target: Callable[..., None], *arguments: object) -> None:
    os.environ.update(environment)  # the fork server has that of the first test
    target(*arguments)
