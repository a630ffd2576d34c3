"""Runs on a host before anything else of ours is there: makes modules of sources that arrived as text.

Python 3.8, standard library only. The controller sends this file, followed by a call of `run`.
"""

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Dict, Optional


class Sources:
    """Finder and loader of the modules of one package, whose texts it holds."""

    def __init__(self, package: str, texts: Dict[str, str]) -> None:
        self.package = package
        self.texts = texts

    def find_spec(self, fullname: str, *_: object) -> Optional[ModuleSpec]:
        """Return where a module of the package comes from: here."""
        if fullname == self.package or self._name(fullname) in self.texts:
            return ModuleSpec(fullname, self, is_package=fullname == self.package)  # type: ignore[arg-type]
        return None

    def create_module(self, _: ModuleSpec) -> None:
        """Leave it to Python to create the module."""

    def exec_module(self, module: ModuleType) -> None:
        """Run a module's text; the package itself has none."""
        name = self._name(module.__name__)
        if name:
            exec(compile(self.texts[name], name + ".py", "exec"), module.__dict__)

    def _name(self, fullname: str) -> str:
        return fullname.partition(self.package + ".")[2]


def run(package: str, texts: Dict[str, str], entry: str) -> None:
    """Import `entry` of the package and call its `main`."""
    sys.meta_path.insert(0, Sources(package, texts))
    __import__(package + "." + entry)
    sys.modules[package + "." + entry].main()
