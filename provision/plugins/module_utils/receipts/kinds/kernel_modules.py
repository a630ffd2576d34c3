"""Kind `kernel_modules`: modules of the running kernel. Wanted: their names.

State: `{"release": the kernel's, "modules": {name: {"loaded": version, "installed": version}}}`; a version is "" where
a module states none, null where there is no module.
"""

from typing import Any, Dict, Iterable, Iterator, Mapping, Tuple

from ...gpus.driver import kernel_module, kernel_release
from ...host.machine import Machine


def measure(machine: Machine, wanted: Iterable[str]) -> Dict[str, Any]:
    """Return what is loaded and what is installed for the running kernel."""
    modules = {name: kernel_module(machine, name) for name in sorted(wanted)}
    return {"release": kernel_release(machine), "modules": modules}


def compare(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Tuple[str, str]]:
    """Compare module by module; that another kernel runs is no difference by itself."""
    for name, old in sorted(before["modules"].items()):
        new = now["modules"].get(name, {"loaded": None, "installed": None})
        if old["installed"] is not None and new["installed"] is None:
            yield name, "kernel {} has no {} module".format(now["release"], name)
        elif old["installed"] != new["installed"]:
            yield name, "installed {} module {}".format(name, _step(old["installed"], new["installed"]))
        if old["loaded"] is not None and new["loaded"] is None:
            yield name, "{} module not loaded".format(name)
        elif old["loaded"] != new["loaded"]:
            yield name, "loaded {} module {}".format(name, _step(old["loaded"], new["loaded"]))


def _step(before: object, after: object) -> str:
    return "{} -> {}".format(before or "none", after or "none")
