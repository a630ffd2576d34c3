"""The rooms of what runs on hosts import one way."""

import ast
from pathlib import Path

import pytest

from provision.plugins.module_utils import bundle

FOLDER = Path(bundle.__file__).parent
# From what imports nothing of the others to what nothing of the others imports.
ROOMS = ("bundle", "host", "packages", "containers", "gpus", "mig", "receipts", "asking")


def imported(path: Path) -> set[str]:
    """Return the rooms that a module imports from, its own among them."""
    package = path.relative_to(FOLDER).parent.parts
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = [*package[: len(package) - node.level + 1], *(node.module or "").split(".")]
            found |= {base[0]} if base[0] else {alias.name for alias in node.names}
    return found


@pytest.mark.parametrize(
    "path", sorted(FOLDER.glob("**/*.py")), ids=lambda path: str(path.relative_to(FOLDER))
)
def test_a_room_imports_from_itself_and_from_those_before_it(path: Path) -> None:
    room = path.relative_to(FOLDER).parts[0].removesuffix(".py")
    allowed = ROOMS[: ROOMS.index(room) + 1] if room != "__init__" else ()
    assert imported(path) <= set(allowed)
