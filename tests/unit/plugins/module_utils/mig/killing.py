"""Ends a process, as SIGKILL does, right before a call that changes a GPU."""

from collections.abc import Callable
from functools import partial

from provision.plugins.module_utils.gpus.nvml import Nvml
from tests.killing import Countdown


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
