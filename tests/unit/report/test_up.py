"""The end of a run, as people and as programs read it."""

import io

from rich.console import Console

from provision.model.run import HostRun, Outcome, RoleOutcome, Run
from provision.report.up import document, headline, show

_RUN = Run(
    "20260822T101500Z-up",
    {
        "hgx01": HostRun(
            Outcome.CHANGED, {"driver": RoleOutcome.CHANGED, "docker": RoleOutcome.OK}, seconds=41.24
        ),
        "a100": HostRun(
            Outcome.FAILED, {"driver": RoleOutcome.FAILED}, "no space left", "free some", seconds=3
        ),
        "v100": HostRun(Outcome.REFUSED, {"driver": RoleOutcome.FAILED}, "a reboot is needed", "set x"),
        "cpu01": HostRun(Outcome.SKIPPED, reason="no NVIDIA GPU"),
    },
)


def _text(run: Run) -> str:
    stream = io.StringIO()
    show(run, Console(file=stream, width=100))
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def test_summary_names_each_host_and_why() -> None:
    text = _text(_RUN)
    assert text.splitlines()[1].split() == [
        "hgx01",
        "changed",
        "changed:",
        "driver;",
        "ok:",
        "docker",
        "41",
        "s",
    ]
    assert "cpu01  skipped  no NVIDIA GPU" in text
    assert "a100 failed: no space left\nhint: free some" in text
    assert "v100 refused: a reboot is needed\nhint: set x" in text
    assert text.splitlines()[-1] == "4 hosts: 1 changed, 1 failed, 1 refused, 1 skipped"


def test_values_that_look_like_markup_are_shown_as_they_are() -> None:
    run = Run("r", {"h1": HostRun(Outcome.FAILED, error="unit [bold]x[/bold] [/nope]")})
    assert "unit [bold]x[/bold] [/nope]" in _text(run)


def test_nothing_to_do_is_a_headline() -> None:
    run = Run("r", {"h1": HostRun(Outcome.CONVERGED), "h2": HostRun(Outcome.SKIPPED, reason="no NVIDIA GPU")})
    assert headline(run) == "No changes. The fleet matches the inventory (1 converged, 1 skipped)"


def test_the_headline_says_that_changed_hosts_were_verified() -> None:
    run = Run("r", {"h1": HostRun(Outcome.CHANGED, verified=True), "h2": HostRun(Outcome.FAILED, error="no")})
    assert headline(run) == "2 hosts: 1 changed (verified), 1 failed"
    hosts = document(run)["hosts"]
    assert isinstance(hosts, dict)
    assert hosts["h1"]["verified"] is True


def test_json_is_the_documented_shape() -> None:
    found = document(_RUN)
    assert found["schema"] == 1
    assert found["run"] == "20260822T101500Z-up"
    hosts = found["hosts"]
    assert isinstance(hosts, dict)
    assert hosts["hgx01"] == {
        "outcome": "changed",
        "roles": {"driver": "changed", "docker": "ok"},
        "error": None,
        "seconds": 41.2,
    }
    assert hosts["a100"]["error"] == "no space left"
    assert hosts["a100"]["hint"] == "free some"
    assert hosts["cpu01"]["reason"] == "no NVIDIA GPU"
