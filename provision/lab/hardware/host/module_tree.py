"""/sys/module: the loaded modules, with what the simulated ones show there."""

from __future__ import annotations

from pathlib import Path

import layout
import shadow
from module_files import DEPENDENCIES

_TREE = layout.TREE / "module"


def build() -> None:
    """Show the kernel's own modules in a tree that simulated ones can be added to."""
    shadow.copy(Path("/sys/module"), _TREE)
    # The machine that the lab runs on may have such hardware of its own.
    for name in (*DEPENDENCIES, "mlx5_core", "mlx5_ib", "ib_core", "ib_umad"):
        shadow.remove(_TREE / name)
    shadow.bind(_TREE, "/sys/module")


def add(name: str, version: str | None = None) -> None:
    """Show a module as loaded."""
    root = _TREE / name
    shadow.write(root / "initstate", "live\n")
    shadow.write(root / "refcnt", "0\n")
    if version:
        shadow.write(root / "version", version + "\n")
    (root / "holders").mkdir(exist_ok=True)
    for dependency in DEPENDENCIES.get(name, ()):
        link = _TREE / dependency / "holders" / name
        link.symlink_to("../../" + name)
    _count(DEPENDENCIES.get(name, ()))


def remove(name: str) -> None:
    """Show a module no longer."""
    shadow.remove(_TREE / name)
    for dependency in DEPENDENCIES.get(name, ()):
        link = _TREE / dependency / "holders" / name
        if link.is_symlink():
            link.unlink()
    _count(DEPENDENCIES.get(name, ()))


def holders(name: str) -> list[str]:
    """Return the modules that depend on a loaded one."""
    folder = _TREE / name / "holders"
    return sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []


def _count(names: tuple[str, ...]) -> None:
    for name in names:
        if (_TREE / name).is_dir():
            shadow.write(_TREE / name / "refcnt", f"{len(holders(name))}\n")
