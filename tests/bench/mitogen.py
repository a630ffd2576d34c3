"""Our modules as Mitogen can send them: it finds no import that is relative, and none inside of a function."""

import ast
import shutil
from collections.abc import Sequence
from pathlib import Path

from provision import content

# Ansible's own package, as which it takes a user's `modules` and `module_utils`.
_PACKAGE = "ansible"


def write(folder: Path) -> Path:
    """Write copies of modules and module_utils below the folder; return it.

    Nothing else is changed, and the action plugin, which digests the content for receipts, stays the original.
    """
    plugins = content.plugins_directory()
    for kind in ("modules", "module_utils"):
        shutil.rmtree(folder / kind, ignore_errors=True)
        for source in (plugins / kind).rglob("*.py"):
            path = source.relative_to(plugins)
            copy = folder / path
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(absolute(source.read_text(), [_PACKAGE, *path.parent.parts]))
    return folder


def absolute(text: str, package: Sequence[str]) -> str:
    """Return a module of the package with absolute imports.

    Those of its functions are named once more at the end, where a scan sees them.
    """
    relative = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom) and node.level]
    lines = text.splitlines(keepends=True)
    lazy: list[str] = []
    for node in sorted(relative, key=lambda each: each.lineno, reverse=True):
        base = [*package[: len(package) - node.level + 1], *filter(None, [node.module])]
        line = ast.unparse(ast.ImportFrom(".".join(base), node.names, 0))
        lines[node.lineno - 1 : node.end_lineno] = [" " * node.col_offset + line + "\n"]
        if node.col_offset:
            lazy.insert(0, line)
    # Never true, but the compiler does not know.
    return "".join(lines) + "".join(f"if not __name__:\n    {line}\n" for line in lazy)
