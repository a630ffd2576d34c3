"""Our modules as Mitogen can send them: it finds no import that is relative, and none inside of a function."""

import re
import shutil
from pathlib import Path

from provision import content

_RELATIVE = re.compile(
    r"^([ \t]*)from (?:\.\.module_utils|(?=\.))(\.\w+|\.(?= )|) import (.*)$", re.MULTILINE
)


def write(folder: Path) -> Path:
    """Write copies of modules and module_utils below the folder; return it.

    Nothing else is changed, and the action plugin, which digests the content for receipts, stays the original.
    """
    for kind in ("modules", "module_utils"):
        shutil.rmtree(folder / kind, ignore_errors=True)
        (folder / kind).mkdir(parents=True)
        for source in (content.plugins_directory() / kind).glob("*.py"):
            (folder / kind / source.name).write_text(absolute(source.read_text()))
    return folder


def absolute(text: str) -> str:
    """Return a module with absolute imports, those of its functions named once more where a scan sees them."""
    lazy: list[str] = []

    def replaced(found: re.Match[str]) -> str:
        indent, name, what = found.groups()
        line = f"from ansible.module_utils{name.rstrip('.')} import {what}"
        if indent:
            lazy.append(line)
        return indent + line

    result = _RELATIVE.sub(replaced, text)
    # Never true, but the compiler does not know.
    return result + "".join(f"if not __name__:\n    {line}\n" for line in lazy)
