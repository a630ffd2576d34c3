"""Units of systemd."""

import pytest

from provision.plugins.module_utils.host.machine import Machine
from provision.plugins.module_utils.receipts.kinds import units


def answering(machine: Machine, monkeypatch: pytest.MonkeyPatch, output: str) -> Machine:
    monkeypatch.setattr(machine, "run", lambda _: (0, output))
    return machine


def test_units_are_told_in_systemds_words(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    output = (
        "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\n\n"
        "LoadState=not-found\nActiveState=inactive\nUnitFileState=\n"
    )
    assert units.measure(answering(machine, monkeypatch, output), ["b.service", "a.service"]) == {
        "a.service": {"active": "active", "enabled": "enabled", "load": "loaded"},
        "b.service": {"active": "inactive", "enabled": "", "load": "not-found"},
    }


@pytest.mark.parametrize(("kept", "active"), [("no", "inactive"), ("yes", "activating")])
def test_a_unit_that_ends_by_itself_is_no_other_while_it_runs(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, kept: str, active: str
) -> None:
    output = f"LoadState=loaded\nActiveState=activating\nType=oneshot\nRemainAfterExit={kept}\n"
    found = units.measure(answering(machine, monkeypatch, output), ["a.service"])
    assert found["a.service"]["active"] == active


ON = {"active": "active", "enabled": "enabled", "load": "loaded"}


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ({**ON, "active": "inactive"}, ["docker.service stopped"]),
        ({**ON, "active": "failed"}, ["docker.service failed"]),
        ({**ON, "active": "activating"}, ["docker.service keeps restarting"]),
        ({**ON, "enabled": "disabled"}, ["docker.service disabled"]),
        ({**ON, "enabled": ""}, ["docker.service has no unit file"]),
        (
            {"active": "inactive", "enabled": "masked", "load": "masked"},
            ["docker.service masked", "docker.service stopped"],
        ),
        ({"active": "inactive", "enabled": "", "load": "not-found"}, ["docker.service gone"]),
        (ON, []),
    ],
)
def test_a_difference_is_told(now: dict[str, str], told: list[str]) -> None:
    found = units.compare({"docker.service": ON}, {"docker.service": now})
    assert list(found) == [("docker.service", text) for text in told]


def test_a_unit_that_runs_again_is_told() -> None:
    found = units.compare({"a.service": {**ON, "active": "inactive"}}, {"a.service": ON})
    assert list(found) == [("a.service", "a.service running")]
