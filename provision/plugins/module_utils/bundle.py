"""Packs what runs on a host: a module of this package and all that it imports, in one zip that Python runs.

What `provision` sends over SSH, the program that a role leaves on a host and the digest of a role's content are
all made from the same closure of imports. The same sources give the same bytes, wherever they were loaded from.
"""

import ast
import io
import os
import zipfile
from functools import lru_cache
from typing import Any, Callable, Dict, Iterator, Optional, Sequence, Set, Tuple

PACKAGE = "provision_host"
"""What this package is called inside a bundle."""

_MAIN = "from {}.{} import main\n\nraise SystemExit(main())\n"
_WHEN = (1980, 1, 1, 0, 0, 0)

Read = Callable[[str], Optional[str]]
"""Returns the source at a path such as `mig/boot.py`, or None where there is none."""


def pack(entry: str) -> bytes:
    """Return a zip application that calls `main` of a module of this package, such as `asking.survey`.

    `main` takes no arguments; what it returns is the exit code, None for 0. Nothing is compressed: zlib's
    releases differ in their output.
    """
    texts = {"__main__.py": _MAIN.format(PACKAGE, entry), PACKAGE + "/__init__.py": ""}
    for path, text in closure([entry], _own).items():
        texts["{}/{}".format(PACKAGE, path)] = text
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(texts):
            member = zipfile.ZipInfo(name, _WHEN)
            member.external_attr = 0o644 << 16
            member.create_system = 3
            archive.writestr(member, texts[name].encode())
    return buffer.getvalue()


def closure(entries: Sequence[str], read: Read) -> Dict[str, str]:
    """Return the sources, by path, of modules and of all that they import with relative imports.

    The packages on the way to a module are part of it: Python imports them first. Imports inside functions
    count. Raises ModuleNotFoundError for a module that is not there.
    """
    found: Dict[str, str] = {}
    seen: Set[str] = {""}
    waiting = list(entries)
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        base, package = name.replace(".", "/"), name.rpartition(".")[0]
        for path, inside in ((base + ".py", package), (base + "/__init__.py", name)):
            text = read(path)
            if text is not None:
                found[path] = text
                waiting += [package, *_imports(text, inside)]
                break
        else:  # what is imported may be a name in a module, too
            if name in entries:
                raise ModuleNotFoundError("no module {}".format(name))
    return found


def reader(folder: str) -> Read:
    """Return what reads sources below a folder."""

    def read(path: str) -> Optional[str]:
        try:
            with open(os.path.join(folder, path), encoding="utf-8") as file:
                return file.read()
        except (FileNotFoundError, NotADirectoryError):
            return None

    return read


def _own(path: str) -> Optional[str]:
    """Return a source of this package: from a folder, a wheel, or the zip that Ansible made of it."""
    loader: Any = __spec__.loader
    try:
        data: bytes = loader.get_data(os.path.join(os.path.dirname(__file__), *path.split("/")))
    except OSError:
        return None
    return data.decode()


def _imports(source: str, package: str) -> Iterator[str]:
    """Yield what the relative imports of a source in that package name: modules, or things in modules."""
    parts = package.split(".")
    for level, module, names in _relative(source):
        base = ".".join([*parts[: len(parts) - level + 1], module]).strip(".")
        yield base
        for name in names:
            yield "{}.{}".format(base, name).strip(".")


@lru_cache(maxsize=None)
def _relative(source: str) -> Tuple[Tuple[int, str, Tuple[str, ...]], ...]:
    """Return level, module and names of each relative import."""
    if "from ." not in source:  # parsing is what takes the time
        return ()
    return tuple(
        (node.level, node.module or "", tuple(each.name for each in node.names))
        for node in _statements(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and node.level
    )


def _statements(tree: ast.AST) -> Iterator[ast.AST]:
    """Walk the statements of a module, not their expressions, in which nothing is imported."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.stmt, ast.excepthandler)):
            yield node
            yield from _statements(node)
