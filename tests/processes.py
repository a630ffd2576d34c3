"""What runs on this machine, for tests that something no longer does."""

from pathlib import Path


def commands(*words: str) -> list[str]:
    """Return the command lines that have all of these words in them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # it has ended
            continue
        if all(word in command for word in words):
            found.append(command)
    return found
