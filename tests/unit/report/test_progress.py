"""What is shown while a run goes on, with and without a terminal."""

import io

from rich.console import Console

from provision.model.observed import HostProbe
from provision.report.progress import LiveProgress, PlainProgress, progress, running_table
from provision.runner.events import Event, Kind
from provision.up.tally import Tally

_EVENTS = [
    Event(Kind.OK, "h1", None, "Gather facts"),
    Event(Kind.TASK, "h1", "driver", "install | Install"),
    Event(Kind.CHANGED, "h1", "driver", "install | Install"),
    Event(Kind.TASK, "h2", "driver", "install | Install"),
    Event(Kind.FAILED, "h2", "driver", "install | Install", "no [space] left"),
    Event(Kind.TASK, "h1", "docker", "configure | Merge"),
    Event(Kind.OK, "h1", "docker", "configure | Merge"),
    Event(Kind.STATS, stats={"h1": {"failures": 0}, "h2": {"failures": 1}}),
]


def _console(terminal: bool) -> tuple[Console, io.StringIO]:
    stream = io.StringIO()
    return Console(file=stream, force_terminal=terminal, width=100, height=20), stream


def test_without_a_terminal_each_step_is_a_line() -> None:
    console, stream = _console(terminal=False)
    now = iter(range(100))
    tally = Tally(clock=lambda: float(next(now)))
    with progress(console) as watcher:
        assert isinstance(watcher, PlainProgress)
        watcher.phase("Asking", 2)
        watcher.answered(HostProbe("h3", reachable=False, error="no route to host"))
        for event in _EVENTS:
            tally.add(event)
            watcher.happened(event, tally)
    assert stream.getvalue().splitlines() == [
        "Asking: 2 hosts",
        "h3  unreachable: no route to host",
        "h1  driver  begins",
        "h2  driver  begins",
        "h2  failed: no [space] left",
        "h1  driver  changed  4.0 s",
        "h1  docker  begins",
        "h2  driver  failed  1.0 s",
        "h1  docker  ok  1.0 s",
    ]


def test_a_terminal_gets_a_table_that_leaves_nothing_behind() -> None:
    console, stream = _console(terminal=True)
    tally = Tally(clock=lambda: 0.0)
    with progress(console) as watcher:
        assert isinstance(watcher, LiveProgress)
        watcher.phase("Running", 2)
        for event in _EVENTS[:4]:
            tally.add(event)
            watcher.happened(event, tally)
    assert "install | Install" in stream.getvalue()
    assert stream.getvalue().rstrip().endswith("\x1b[2K")  # the last thing done is to clear the lines


def test_the_table_fits_the_screen_and_shows_hosts_at_work_first() -> None:
    tally = Tally(clock=lambda: 0.0)
    tally.add(Event(Kind.FAILED, "h0", "driver", "t", "broken"))
    for number in range(1, 30):
        tally.add(Event(Kind.TASK, f"h{number}", "driver", "install"))
    console, stream = _console(terminal=False)
    console.print(running_table("Running", "3.0 s", dict(tally.hosts), 10))
    lines = stream.getvalue().splitlines()
    assert lines[0] == "Running: 30 hosts  3.0 s"
    assert lines[1].split() == ["h1", "driver", "install", "0.0", "s"]
    assert lines[-1] == "and 20 hosts more"
    assert "broken" not in stream.getvalue()


def test_a_narrow_screen_cuts_the_task_and_nothing_else() -> None:
    tally = Tally(clock=lambda: 0.0)
    task = "preflight | Refuse a distribution that has no engine of its own"
    tally.add(Event(Kind.TASK, "hgx01", "nvidia_container_toolkit", task))
    stream = io.StringIO()
    Console(file=stream, width=60).print(running_table("Running", "3.0 s", dict(tally.hosts), 10))
    line = stream.getvalue().splitlines()[1]
    assert line.startswith("hgx01  nvidia_container_toolkit  preflight | ")
    assert "…" in line and line.rstrip().endswith("0.0 s")
