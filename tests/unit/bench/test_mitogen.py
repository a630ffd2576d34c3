"""What Mitogen is given is our modules, with imports that it can follow."""

import ast
from pathlib import Path

import pytest

from provision import content
from tests.bench.mitogen import absolute, write

UTILS = ["ansible", "module_utils"]


@pytest.mark.parametrize(
    ("package", "line", "told"),
    [
        (UTILS, "from .bundle import pack", "from ansible.module_utils.bundle import pack"),
        (UTILS, "from . import bundle", "from ansible.module_utils import bundle"),
        ([*UTILS, "gpus"], "from .pci import gpus", "from ansible.module_utils.gpus.pci import gpus"),
        ([*UTILS, "gpus"], "from .. import bundle", "from ansible.module_utils import bundle"),
        (
            [*UTILS, "packages", "apt"],
            "from ...host.machine import (\n    Machine,\n    Other as Name,\n)",
            "from ansible.module_utils.host.machine import Machine, Other as Name",
        ),
        (
            ["ansible", "modules"],
            "from ..module_utils.host.machine import Machine",
            "from ansible.module_utils.host.machine import Machine",
        ),
        (UTILS, "import os", "import os"),
    ],
)
def test_relative_imports_become_absolute(package: list[str], line: str, told: str) -> None:
    assert absolute(f"'Words.'\n{line}\nX = 1\n", package) == f"'Words.'\n{told}\nX = 1\n"


def test_what_a_function_imports_is_named_where_a_scan_sees_it() -> None:
    line = "from ansible.module_utils.gpus.pci import gpus"
    text = absolute("def f():\n    from .pci import gpus\n    return gpus\n", [*UTILS, "gpus"])
    assert text == f"def f():\n    {line}\n    return gpus\nif not __name__:\n    {line}\n"


def test_every_module_is_there_and_imports_what_is_there(tmp_path: Path) -> None:
    write(tmp_path)
    plugins = content.plugins_directory()
    for kind in ("modules", "module_utils"):
        names = {path.relative_to(plugins) for path in (plugins / kind).rglob("*.py")}
        assert names == {path.relative_to(tmp_path) for path in (tmp_path / kind).rglob("*.py")}
    imported = {
        node.module or ""
        for path in tmp_path.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom)
    }
    ours = {name for name in imported if name.startswith("ansible.module_utils.")}
    ours -= {"ansible.module_utils.basic", "ansible.module_utils.urls"}
    assert len(ours) > 40
    for name in ours:
        place = tmp_path.joinpath(*name.split(".")[1:])
        assert place.with_suffix(".py").is_file() or (place / "__init__.py").is_file(), name
