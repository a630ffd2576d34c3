"""What every Ansible module does: run programs, have systemd obey, and end."""

from __future__ import annotations

from typing import Any, Dict, List, NoReturn, Optional, Protocol, Sequence, Tuple

from .systemd import Run, Unit


class Module(Protocol):
    """What of AnsibleModule is used here. It has no types of its own, and its ends do not return."""

    params: Dict[str, Any]
    check_mode: bool

    def run_command(self, args: Sequence[str], **options: object) -> Tuple[int, str, str]:
        """Run a program; return its status, output and errors."""

    def get_bin_path(self, name: str) -> Optional[str]:
        """Return the path of a program, None where there is none."""

    def warn(self, warning: str) -> None:
        """Show a warning to the user."""

    def exit_json(self, **result: object) -> NoReturn:
        """End the module as done."""

    def fail_json(self, msg: str, **result: object) -> NoReturn:
        """End the module as failed."""


def runner(module: Module) -> Run:
    """Return what runs a program for a module; its errors follow its output."""

    def run(argv: List[str]) -> Tuple[int, str]:
        status, output, errors = module.run_command(argv)
        return status, output + errors

    return run


def systemctl(module: Module, verb: str, *units: str) -> None:
    """Have systemd do something, or end the module with what it said."""
    status, output = runner(module)(["systemctl", verb, *units])
    if status:
        words = " ".join(["systemctl", verb, *units])
        journal = " ".join(["journalctl", *("-u %s" % unit for unit in units)])
        module.fail_json(
            msg="`%s` failed: %s" % (words, output.strip()), hint="see `%s` on the host" % journal
        )


def enable(module: Module, units: Sequence[Unit]) -> None:
    """Have units start at boot, masked ones too."""
    masked = [unit.name for unit in units if unit.is_masked]
    if masked:
        systemctl(module, "unmask", *masked)
    if units:
        systemctl(module, "enable", *(unit.name for unit in units))


def refuse_json(module: Module, message: str, hint: str, **details: object) -> NoReturn:
    """End the module as one that refused, which its result says in `refused`."""
    module.fail_json(msg=message, hint=hint, refused=True, **details)
