"""Ends a process, as SIGKILL does, right before one of its effects: a command, or a file that appears or goes."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

_FILES = ("os.rename", "os.remove")


class Countdown:
    """Counts the effects of this process, and ends it before the given one; 0 is none."""

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
