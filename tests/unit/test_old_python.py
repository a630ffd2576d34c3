"""What travels to hosts runs on Python 3.8: no later syntax, builtin or part of the standard library.

vermin reads the sources. Annotations that are never evaluated, in modules that import `annotations` from
`__future__`, are taken out before, so that everything that is left counts.
"""

import ast
import builtins
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = (
    ROOT / "provision/plugins/modules",
    ROOT / "provision/plugins/module_utils",
    ROOT / "provision/lab/hardware/host",
)
OLDEST = "3.8"


class Unevaluated(ast.NodeTransformer):
    """Takes annotations out of a module."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.returns = None
        self.generic_visit(node)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AnnAssign:
        node.annotation = ast.Constant(value=None)
        self.generic_visit(node)
        return node


def evaluated(text: str) -> str:
    """Return a module with what Python evaluates of it."""
    tree = ast.parse(text)
    postponed = any(
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and any(name.name == "annotations" for name in node.names)
        for node in tree.body
    )
    return ast.unparse(Unevaluated().visit(tree)) if postponed else text


def too_new(folder: Path) -> str:
    """Return what the modules of a folder use that is not in the oldest Python, a line each."""
    program = Path(sys.executable).with_name("vermin")
    options = [f"--target={OLDEST}-", "--violations", "--eval-annotations", "--no-tips"]
    done = subprocess.run([program, *options, folder], capture_output=True, text=True, check=False)
    assert "Minimum required versions:" in done.stdout, done.stdout + done.stderr
    unions = [f"{path}:{line}: types joined by |" for path in folder.rglob("*.py") for line in joined(path)]
    return "\n".join([done.stdout] * bool(done.returncode) + unions)


def joined(path: Path) -> list[int]:
    """Return the lines with `int | None` and the like, which vermin cannot tell from other uses of `|`."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr)
        if any(map(names_type, (node.left, node.right)))
    ]


def names_type(node: ast.expr) -> bool:
    """Tell whether an operand of `|` is None or a builtin class."""
    if isinstance(node, ast.Name):
        return isinstance(getattr(builtins, node.id, None), type)
    return isinstance(node, ast.Constant) and node.value is None


def test_what_travels_to_hosts_runs_on_the_oldest_python(tmp_path: Path) -> None:
    count = 0
    for source in (path for folder in FOLDERS for path in folder.rglob("*.py")):
        ast.parse(source.read_text(), feature_version=(3, 8))
        copy = tmp_path / source.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(evaluated(source.read_text()))
        count += 1
    assert count > 50
    assert too_new(tmp_path) == ""


@pytest.mark.parametrize(
    "code",
    [
        "Pairs = dict[str, int]",
        "def f(names: list[str]) -> None: ...",
        "def f(name: str | None) -> None: ...",
        "isinstance(3, int | str)",
        "print('ab'.removeprefix('a'))",
        "from functools import cache",
        "merged = {} | {}",
        "list(zip([], [], strict=True))",
        "import random\nprint(random.randbytes(3))",
        "match 3:\n    case 3: pass",
        "with (open('a') as a, open('b') as b): pass",
    ],
)
def test_what_is_too_new_is_found(code: str, tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(evaluated(code))
    assert too_new(tmp_path)


@pytest.mark.parametrize(
    "code", ["def f(names: list[str]) -> dict[str, int]: ...", "pairs: dict[str, int | None] = {}"]
)
def test_what_is_not_evaluated_does_not_count(code: str, tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(evaluated(f"from __future__ import annotations\n{code}"))
    assert too_new(tmp_path) == ""
