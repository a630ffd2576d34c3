"""What runs on this machine, for tests that something no longer does."""

import signal
import subprocess
import time
from pathlib import Path


def interrupt(process: "subprocess.Popen[bytes]", started: Path) -> None:
    """Press Ctrl-C once a file shows that the process has got as far; it must end, and not well."""
    deadline = time.monotonic() + 60
    while not started.exists():
        assert time.monotonic() < deadline, f"{started} was not made"
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) != 0


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
