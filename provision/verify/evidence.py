"""What was seen on one host, gathered in a single round trip, and the words for what a check finds in it."""

import base64
import json
import re
import shlex
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, NoReturn

import pytest
from testinfra.host import Host as Connection

from provision import content
from provision.plugins.module_utils.asking.evidence import DISPLAY, MARK
from provision.plugins.module_utils.gpus import boards
from provision.verify.connection import UnreachableError, unreachable
from provision.verify.wanted import Wanted

INTERPRETERS = ("/usr/bin/python3", "python3", "/usr/libexec/platform-python")
PULL_TIMEOUT = 900
_LONGEST_EVIDENCE = 2000
_PASSWORD = re.compile(r"://[^/\s@]+@")
_START = (
    'code=$1 options=$2; shift 2; for python in "$@"; do command -v "$python" >/dev/null 2>&1 && '
    'exec "$python" -IB -c "$code" "$options"; done; echo no Python on this host >&2; exit 127'
)


@dataclass(frozen=True)
class Command:
    """One command that was run on the host; `rc` is None where it does not exist or did not end in time."""

    argv: tuple[str, ...]
    rc: int | None
    stdout: str
    stderr: str

    @property
    def ok(self) -> bool:
        """Tell whether it ended with 0, which of nvidia-smi proves little."""
        return self.rc == 0

    @property
    def words(self) -> str:
        """Return the last line it said: what to tell about a failure."""
        lines = (self.stderr.strip() or self.stdout.strip()).splitlines()
        return lines[-1].strip() if lines else f"ended with {self.rc}"

    def __str__(self) -> str:
        output = "\n".join(text.strip() for text in (self.stdout, self.stderr) if text.strip())
        outcome = "did not run" if self.rc is None else f"rc {self.rc}"
        return f"$ {shlex.join(self.argv)}   [{outcome}]\n{output[-_LONGEST_EVIDENCE:]}".rstrip()


@dataclass(frozen=True)
class Evidence:
    """Everything that was seen on a host, and what the inventory asks of it."""

    kernel: str
    pci: tuple[Mapping[str, str], ...]
    nvlink5: bool
    files: Mapping[str, str]
    commands: Mapping[str, Command]
    wanted: Wanted
    tell: Callable[[str, object], None] = lambda _name, _value: None

    @classmethod
    def of(cls, document: Mapping[str, Any], wanted: Wanted) -> "Evidence":
        """Read what the program on the host printed."""
        return cls(
            kernel=document["kernel"],
            pci=tuple(document["pci"]),
            nvlink5=document["nvlink5"],
            files=document["files"],
            commands={
                name: Command(tuple(each["argv"]), each["rc"], each["stdout"], each["stderr"])
                for name, each in document["commands"].items()
            },
            wanted=wanted,
        )

    def telling(self, tell: Callable[[str, object], None]) -> "Evidence":
        """Return the same evidence for one check, whose detail goes to `tell`."""
        return replace(self, tell=tell)

    @property
    def gpus(self) -> tuple[str, ...]:
        """Return the PCI addresses of the GPUs on the bus, whether or not a driver knows them."""
        return tuple(each["address"] for each in self.pci if each["class"].startswith(DISPLAY))

    @property
    def nvswitches(self) -> tuple[str, ...]:
        """Return the PCI addresses of the NVSwitches on the bus."""
        return tuple(each["address"] for each in self.pci if boards.nvswitch(each["id"]))

    @property
    def driver(self) -> str | None:
        """Return the version of the loaded kernel module."""
        return self.files.get("/sys/module/nvidia/version", "").strip() or None

    def command(self, name: str) -> Command:
        """Return a command that was run; one that was not counts as failed."""
        return self.commands.get(name) or Command((name,), None, "", "was not run")

    def detail(self, text: str) -> None:
        """Say what a passed check found, such as `8 of 8`."""
        self.tell("detail", text)

    def skip(self, reason: str) -> NoReturn:
        """Skip the check, which does not apply to this host."""
        pytest.skip(reason)

    def fail(self, detail: str, *evidence: str) -> NoReturn:
        """Fail the check: what is wrong in one line, then the commands and files that show it."""
        shown = [self._show(name) for name in evidence]
        text = "\n\n".join([detail, *(text for text in shown if text)])
        pytest.fail(_PASSWORD.sub("://***@", text), pytrace=False)

    def _show(self, name: str) -> str:
        if name.startswith("/"):
            text = self.files.get(name, "no such file")
            return f"{name}:\n{text[:_LONGEST_EVIDENCE].rstrip()}"
        return str(self.commands[name]) if name in self.commands else ""


def gather(
    connection: Connection, wanted: Wanted, *, interpreters: Sequence[str] = INTERPRETERS, root: str = ""
) -> Evidence:
    """Measure a host in one command as root, by the first Python there is. Raises UnreachableError."""
    options = {
        "image": wanted.image,
        "users": wanted.users,
        "default_runtime": wanted.default_runtime,
        "pull": PULL_TIMEOUT,
        "root": root,
    }
    arguments = [_START, "sh", _program(), json.dumps(options), *interpreters]
    done = connection.run("/bin/sh -c" + " %s" * len(arguments), *arguments)
    marked = [line for line in done.stdout.splitlines() if line.startswith(MARK)]
    if not marked:
        raise unreachable(done.stderr or done.stdout)
    return Evidence.of(json.loads(marked[-1].removeprefix(MARK)), wanted)


@cache
def _program() -> str:
    """Return the program as one line for `python -c`, short enough for any command line."""
    source = content.plugins_directory() / "module_utils" / "asking" / "evidence.py"
    packed = base64.b64encode(zlib.compress(source.read_bytes(), 9)).decode()
    return f"import base64,zlib;exec(zlib.decompress(base64.b64decode('{packed}')))"


__all__ = ["Command", "Evidence", "UnreachableError", "gather"]
