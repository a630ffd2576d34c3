"""The machine that is measured: its files and its programs. Tests measure a folder instead."""

import os
import subprocess
from typing import Dict, List, Optional, Tuple

_SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Machine:
    """Reads files below `root` and runs programs. Nothing here changes the machine."""

    def __init__(self, root: str = "/") -> None:
        self.root = root

    def path(self, path: str) -> str:
        """Return where an absolute path of the machine is."""
        return os.path.join(self.root, path.lstrip("/"))

    def read(self, path: str) -> Optional[str]:
        """Return the text of a file, or None where it cannot be read."""
        data = self.read_bytes(path)
        return None if data is None else data.decode("utf-8", "replace")

    def read_bytes(self, path: str, most: int = -1) -> Optional[bytes]:
        """Return the content of a file, or its first bytes, or None where it cannot be read."""
        try:
            with open(self.path(path), "rb") as file:
                return file.read(most)
        except OSError:
            return None

    def names(self, path: str) -> List[str]:
        """Return the sorted names in a folder; none where there is no such folder."""
        try:
            return sorted(os.listdir(self.path(path)))
        except OSError:
            return []

    def exists(self, path: str) -> bool:
        """Tell whether something, a dangling link included, has this path."""
        return os.path.lexists(self.path(path))

    def start(self, argv: List[str]) -> "subprocess.Popen[bytes]":
        """Start a program with a plain environment; its output is collected, its errors are dropped."""
        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=self.environment(),
        )

    def environment(self) -> Dict[str, str]:
        """Return the environment of every program: found in the system's folders, speaking plain English."""
        return {"PATH": _SEARCH_PATH, "LC_ALL": "C", "HOME": "/"}

    def run(self, argv: List[str], timeout: float = 10.0) -> Tuple[int, str]:
        """Return exit code and output of a program; (127, "") where it cannot be run or hangs."""
        try:
            process = self.start(argv)
        except OSError:
            return 127, ""
        return finish(process, timeout)


def finish(process: "subprocess.Popen[bytes]", timeout: float = 10.0) -> Tuple[int, str]:
    """Return exit code and output of a started program; it is killed when it takes too long."""
    try:
        output, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return 127, ""
    return process.returncode, output.decode("utf-8", "replace")
