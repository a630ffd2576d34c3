"""Faults by name: what goes wrong on real servers, switched on and off on a simulated one.

Each script here is a fault of the server's system: its first line says what it is, and root runs it on the
server with `on` or `off`. A fault of the network is done from outside. Those of the hardware are
`provision.lab.hardware.FAULTS`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from provision.errors import RunError, UsageError
from provision.lab import hardware, network, programs
from provision.lab.servers import active_faults, container
from provision.lab.spec import Server
from provision.lab.state import State

HARDWARE_PROGRAM = "/usr/lib/lab-hardware/fault"
SCRIPTS: Mapping[str, Path] = {path.stem: path for path in sorted(Path(__file__).parent.glob("*.sh"))}


@dataclass(frozen=True)
class Outside:
    """A fault that is done to a server from outside."""

    summary: str
    on: Callable[[Server], object]
    off: Callable[[Server], object]


OUTSIDE: Mapping[str, Outside] = {
    "hangs": Outside(
        "connections are accepted, but nothing answers",
        on=lambda server: programs.docker_answers("pause", container(server.name)),
        off=lambda server: programs.docker_answers("unpause", container(server.name)),
    ),
    "unreachable": Outside(
        "the network cable is pulled",
        on=lambda server: network.disconnect(container(server.name)),
        off=lambda server: network.connect(container(server.name), server.name, server.address),
    ),
}


def summaries() -> Mapping[str, str]:
    """Return every fault there is and its line of help, in order of name."""
    scripts = {name: path.read_text().splitlines()[0].lstrip("# ") for name, path in SCRIPTS.items()}
    outside = {name: fault.summary for name, fault in OUTSIDE.items()}
    return dict(sorted({**hardware.FAULTS, **scripts, **outside}.items()))


def switch(server: Server, name: str, on: bool, state: State) -> None:
    """Switch a fault of a server on or off; one that is so already is left. Raises UsageError, RunError."""
    if name not in summaries():
        raise UsageError(f"unknown fault `{name}`", hint="`provision lab fault` lists them")
    if programs.docker_answers("inspect", container(server.name)) is None:
        raise RunError(f"server {server.name} does not run", hint=f"`provision lab up --host {server.name}`")
    active = active_faults(server.name, state)
    if on == (name in active):
        return
    word = "on" if on else "off"
    if name in OUTSIDE:
        (OUTSIDE[name].on if on else OUTSIDE[name].off)(server)
    elif name in SCRIPTS:
        shell = ("exec", "--interactive", container(server.name), "sh", "-e", "-s", word)
        programs.docker(*shell, stdin=SCRIPTS[name].read_bytes())
    else:
        programs.docker("exec", container(server.name), HARDWARE_PROGRAM, name, word)
    left = {*active, name} if on else {*active} - {name}
    (state.server(server.name) / "faults").write_text("".join(f"{each}\n" for each in sorted(left)))
