"""What was seen on one host, gathered in one round trip, and the words for what a check finds in it."""

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, NoReturn

import pytest

from provision.connect.answer import garbled
from provision.plugins.module_utils.asking.evidence import DISPLAY
from provision.plugins.module_utils.host.typed_json import ShapeError, build
from provision.verify.wanted import Wanted

_BRIDGE = "0680"
"""PCI class of NVSwitches, by which NVIDIA's own go-nvlib knows them."""
_LONGEST_EVIDENCE = 2000
_PASSWORD = re.compile(r"://[^/\s@]+@")


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
class _Seen:
    """The evidence as it travels."""

    kernel: str
    pci: tuple[Mapping[str, str], ...]
    nvlink5: bool
    files: Mapping[str, str]
    commands: Mapping[str, Command]


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
        """Read what the host answered. Raises ConnectError where it is not of the types that were asked for."""
        try:
            seen = build(_Seen, document, "evidence")
        except ShapeError as error:
            raise garbled(str(error)) from error
        if not all({"address", "id", "class"} <= each.keys() for each in seen.pci):
            raise garbled("evidence.pci names no device")
        return cls(**{field.name: getattr(seen, field.name) for field in fields(seen)}, wanted=wanted)

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
        return tuple(each["address"] for each in self.pci if each["class"].startswith(_BRIDGE))

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

    def know(self, variable: str) -> None:
        """Skip the check, which depends on that variable, where only the run knows its value."""
        if variable in self.wanted.hidden:
            self.skip(f"`{variable}` is known only in the run; written out in the inventory it is checked")

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
