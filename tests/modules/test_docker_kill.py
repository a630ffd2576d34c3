"""A change of daemon.json that is killed between any two of its effects: the next run ends where it would have."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.killing import Countdown, is_killed

from .docker_bench import DockerHost

RELOAD = {"labels": ["gpu"]}
RESTART = {"log-driver": "journald", "log-opts": {"tag": "x"}}
BAD = {"bad": "blue"}


def killed_run(host: DockerHost, settings: dict[str, Any], at: int) -> None:
    """Run the modules in a process of its own; be killed before that effect."""
    countdown = Countdown(at)
    host.install(setattr, countdown.tick)
    countdown.watch_files(host.root)
    host.run(settings)


CASES = [
    pytest.param([], RELOAD, False, id="a hook that arrives", marks=pytest.mark.slow),
    pytest.param([RELOAD], {**RELOAD, "debug": True}, False, id="reload", marks=pytest.mark.slow),
    pytest.param([{}], RESTART, False, id="restart"),
    pytest.param([RESTART], {}, False, id="keys that go", marks=pytest.mark.slow),
    pytest.param([], RESTART, True, id="a package that takes the file along"),
    pytest.param([RELOAD], BAD, False, id="a file that dockerd does not start with"),
]


@pytest.mark.parametrize(("former", "wanted", "legacy"), CASES)
def test_the_next_run_ends_where_a_killed_one_would_have(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    former: list[dict[str, Any]],
    wanted: dict[str, Any],
    legacy: bool,
) -> None:
    def run(host: DockerHost, settings: dict[str, Any]) -> dict[str, Any]:
        host.install(monkeypatch.setattr)
        host.run(settings)
        return host.end()

    def new(name: str) -> DockerHost:
        (tmp_path / name).mkdir()
        host = DockerHost(tmp_path / name, legacy=legacy)
        for settings in former:
            run(host, settings)
        return host

    host = new("whole")
    end, taken_back = run(host, wanted), run(host, {})
    at, killed = 0, True
    while killed:
        at += 1
        host = new(f"killed at {at}")
        killed = is_killed(killed_run, host, wanted, at)
        assert run(host, wanted) == end, f"effect {at}"
        assert run(host, {}) == taken_back, f"effect {at}"

        host = new(f"killed and taken back at {at}")
        assert is_killed(killed_run, host, wanted, at) is killed
        assert run(host, {}) == taken_back, f"effect {at}"
        assert not (host.state / "pending.json").exists(), f"effect {at}"
    assert at > 5


def test_effects_come_in_the_order_that_the_module_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of some pairs either order would do; they keep theirs so that a reader finds one."""
    effects: list[str] = []

    def watched(effect: Callable[..., None]) -> Callable[..., None]:
        def watching(*paths: str) -> None:
            effect(*paths)
            path = Path(paths[-1])
            effects.append("copy" if path.parent.name == "backup" else path.name)

        return watching

    host = DockerHost(tmp_path, legacy=True)
    host.install(monkeypatch.setattr, lambda: effects.append("command"))
    for name in ("rename", "unlink"):
        monkeypatch.setattr(os, name, watched(getattr(os, name)))
    host.run(RELOAD)
    host.run(RESTART)
    assert [effect for effect in effects if not effect.startswith(".")] == [
        *("copy", "pending.json", "daemon.json.saved"),
        *("command", "daemon.json"),  # a package comes, another one goes and takes the file along
        *("pending.json", "daemon-json-owners.json", "daemon.json", "daemon.json.saved"),
        *("command", "command", "pending.json"),
        "command",
        *("copy", "pending.json", "daemon-json-owners.json", "daemon.json"),
        *("command", "command", "daemon-json-owners.json", "pending.json"),
    ]
