"""`provision plan` and `provision status` as commands: streams, documents and exit codes."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from provision import content
from provision.cli import run
from provision.model.fleet import Fleet
from provision.model.observed import Gpu, HostProbe, Observed
from provision.plan import sources
from provision.plugins.module_utils.receipts.inputs import record
from provision.runner import Event, Playbook, Result
from provision.runner.events import Kind

OBSERVED = Observed(
    os="Debian 13",
    distribution="debian",
    major="13",
    kernel="6.12",
    architecture="x86_64",
    python="3.13.5",
    gpus=(Gpu("0000:18:00.0", "10de:2330"),),
)
Answers = Callable[[str], HostProbe]


@pytest.fixture
def inventory(tmp_path: Path) -> str:
    path = tmp_path / "fleet.ini"
    path.write_text("[gpu]\na\nb\n[gpu:vars]\nnvidia_driver_version=580\n")
    return str(path)


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[[Answers], None]:
    def use(answers: Answers) -> None:
        def probe(fleet: Fleet, **_: object) -> dict[str, HostProbe]:
            return {name: answers(name) for name in fleet.names}

        monkeypatch.setattr("provision.probe.probe", probe)

    return use


def bare(name: str) -> HostProbe:
    return HostProbe(name, True, observed=OBSERVED)


def lost(name: str) -> HostProbe:
    return HostProbe(name, False, "no answer", "is it up?") if name == "b" else bare(name)


def converged(name: str) -> HostProbe:
    from provision.model.observed import ReceiptState

    receipts = {
        role: ReceiptState(record("s", source.content, source.variables, {"nvidia_driver_version": 580}))
        for role, source in sources.load(content.ROLES).items()
    }
    return HostProbe(name, True, observed=replace(OBSERVED, receipts=receipts))


@pytest.mark.parametrize(
    ("answers", "options", "code"),
    [
        (bare, [], 0),
        (bare, ["--exit-code"], 4),
        (converged, ["--exit-code"], 0),
        (lost, [], 1),
    ],
)
def test_the_exit_code_of_a_plan(
    inventory: str, answer: Callable[[Answers], None], answers: Answers, options: list[str], code: int
) -> None:
    answer(answers)
    assert run(["plan", "-i", inventory, *options]) == code


def test_a_plan_for_a_machine_is_one_document(
    inventory: str, answer: Callable[[Answers], None], capsys: pytest.CaptureFixture[str]
) -> None:
    answer(bare)
    assert run(["plan", "-i", inventory, "--json", "--limit", "a", "--only", "docker_engine"]) == 0
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert err == ""
    assert document["summary"] == {"hosts": 1, "to_change": 1}
    assert list(document["hosts"]["a"]["roles"]) == ["docker_engine"]
    assert document["hosts"]["a"]["roles"]["docker_engine"]["state"] == "absent"


def test_a_plan_for_a_converged_fleet_says_so(
    inventory: str, answer: Callable[[Answers], None], capsys: pytest.CaptureFixture[str]
) -> None:
    answer(converged)
    run(["plan", "-i", inventory])
    assert capsys.readouterr().out == "a, b: no changes\n\nNo changes. The fleet matches the inventory\n"


def test_a_misspelt_variable_is_refused_before_any_host_is_asked(
    tmp_path: Path, answer: Callable[[Answers], None], capsys: pytest.CaptureFixture[str]
) -> None:
    def never(_: str) -> HostProbe:
        raise AssertionError

    answer(never)
    path = tmp_path / "fleet.ini"
    path.write_text("a nvidia_driver_versoin=580\n")
    assert run(["plan", "-i", str(path)]) == 2
    assert "nvidia_driver_version" in capsys.readouterr().err


def test_a_diff_names_what_would_change(
    inventory: str,
    answer: Callable[[Answers], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer(bare)
    diff = {"after_header": "/etc/x", "before": "", "after": "new line\n"}

    def run_playbook(playbook: Playbook, run_dir: Path, *, on_event: Callable[[Event], None]) -> Result:
        assert playbook.check
        for host in playbook.hosts:
            on_event(Event(Kind.CHANGED, host, "docker_engine", "Write", diff=(diff,)))
        on_event(Event(Kind.STATS))
        return Result(0, 0.1, run_dir / "log")

    monkeypatch.setattr("provision.runner.run_playbook", run_playbook)
    assert run(["plan", "-i", inventory, "--diff", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["hosts"]["b"]["changes"] == [["docker_engine", "/etc/x"]]
    assert run(["plan", "-i", inventory, "--diff"]) == 0
    out = capsys.readouterr().out
    assert "+new line" in out
    assert out.index("+new line") < out.index("Plan: ")


def test_the_status_of_a_fleet_lists_what_could_not_be_reached(
    inventory: str, answer: Callable[[Answers], None], capsys: pytest.CaptureFixture[str]
) -> None:
    answer(lost)
    assert run(["status", "-i", inventory]) == 0
    out = capsys.readouterr().out
    assert "b: no answer" in out
    assert "hint: is it up?" in out
    assert run(["status", "-i", inventory, "--json"]) == 0
    hosts = json.loads(capsys.readouterr().out)["hosts"]
    assert (hosts["a"]["reachable"], hosts["b"]["reachable"]) == (True, False)
    assert hosts["a"]["roles"]["nvidia_driver"] == "absent"
