"""What goes on, host by host: a live table on a terminal, a line for each step elsewhere."""

import time
from contextlib import suppress
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from provision.model.observed import HostProbe
from provision.model.run import RoleOutcome
from provision.report import words
from provision.report.durations import duration
from provision.runner import Event, Kind
from provision.up import HostTally, Tally, Watcher

_STOPPED = {Kind.FAILED: "failed", Kind.REFUSED: "refused", Kind.UNREACHABLE: "unreachable"}


def progress(console: Console) -> "LiveProgress | PlainProgress":
    """Return the form that fits the console; both are context managers and watch a run."""
    return LiveProgress(console) if console.is_terminal else PlainProgress(console)


class PlainProgress(Watcher):
    """One line when a role begins on a host, when it ends, and when something goes wrong."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._roles: dict[str, tuple[str, float]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def phase(self, text: str, hosts: int) -> None:
        """Say what begins."""
        self._line(f"{text}: {words.hosts(hosts)}")

    def answered(self, probe: HostProbe) -> None:
        """Say that a host could not be asked; an answer needs no line."""
        if probe.error is not None:
            self._line(f"{probe.name}  {'failed' if probe.reachable else 'unreachable'}: {probe.error}")

    def happened(self, event: Event, tally: Tally) -> None:
        """Say that a role begins, has ended or has failed."""
        if event.kind is Kind.STATS:
            for name in list(self._roles):
                self._ended(name, tally)
            return
        running = self._roles.get(event.host)
        if running is not None and running[0] != event.role:
            self._ended(event.host, tally)
        if event.role is not None and event.host not in self._roles:
            self._roles[event.host] = (event.role, tally.hosts[event.host].ended)
            self._line(f"{event.host}  {event.role}  begins")
        if event.kind in _STOPPED and not event.ignored:
            self._line(f"{event.host}  {_STOPPED[event.kind]}: {event.reason}")

    def _ended(self, name: str, tally: Tally) -> None:
        role, since = self._roles.pop(name)
        host = tally.hosts[name]
        outcome = host.roles.get(role, RoleOutcome.OK)
        # By the host's own last event: the end of the run may be long after it.
        self._line(f"{name}  {role}  {outcome}  {duration(host.ended - since)}")

    def _line(self, text: str) -> None:
        self._console.print(text, soft_wrap=True, markup=False)


class LiveProgress(Watcher):
    """A table that is redrawn in place: host, role, task, time."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._title = ""
        self._hosts = 0
        self._answers: list[HostProbe] = []
        self._since = time.monotonic()
        self._tally: Tally | None = None
        self._live = Live(get_renderable=self._screen, console=console, refresh_per_second=5, transient=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # the terminal may be gone
            self._live.stop()

    def phase(self, text: str, hosts: int) -> None:
        """Begin a new screen."""
        self._title, self._hosts, self._answers = text, hosts, []
        self._since, self._tally = time.monotonic(), None
        self._live.start()

    def answered(self, probe: HostProbe) -> None:
        """Count the host."""
        self._answers.append(probe)

    def happened(self, event: Event, tally: Tally) -> None:  # noqa: ARG002 - the tally has it
        """Show the tally from now on."""
        self._tally = tally

    def _screen(self) -> RenderableType:
        elapsed = duration(time.monotonic() - self._since)
        if self._tally is None:
            done = (
                f"{len(self._answers)} of {words.hosts(self._hosts)}"
                if self._answers
                else words.hosts(self._hosts)
            )
            return Text(f"{self._title}: {done}  {elapsed}", style="cyan")
        return running_table(self._title, elapsed, dict(self._tally.hosts), self._console.height - 4)


def running_table(title: str, elapsed: str, hosts: dict[str, HostTally], rows: int) -> RenderableType:
    """Return the table of a running playbook in at most so many rows, hosts at work first."""
    order = sorted(hosts.items(), key=lambda item: item[1].stopped is not None)
    shown = [(Text(name), *_cells(host)) for name, host in order[: max(1, rows)]]
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0), expand=True)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)  # where the screen is narrow, this gives way
    table.add_column(no_wrap=True, justify="right")
    for row in shown:
        table.add_row(*row)
    heading = Text(f"{title}: {words.hosts(len(hosts))}  {elapsed}", style="cyan")
    rest = len(order) - len(shown)
    return Group(heading, table, *([Text(f"and {words.hosts(rest)} more", style="dim")] if rest else []))


def _cells(host: HostTally) -> tuple[Text, Text, str]:
    """Return role, task and time of a host at work; how and why of one that stopped."""
    if host.stopped is not None:
        return Text(_STOPPED[host.stopped.kind], "red"), Text(host.stopped.reason), duration(host.seconds)
    return Text(host.role or ""), Text(host.task), duration(host.elapsed())
