"""Answers that were tampered with: they become values that every screen and document can show, or one host's error."""

import copy
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console, RenderableType

from provision import content
from provision.connect.answer import read
from provision.errors import ConnectError
from provision.model.fleet import Fleet
from provision.model.observed import HostProbe, Observed
from provision.model.run import Run
from provision.plan import build
from provision.plugins.module_utils.asking.answer import BEGIN, END
from provision.plugins.module_utils.mig.gpu import GpuInstance, User, gpu_from_pci_ids
from provision.plugins.module_utils.mig.profiles import Placement
from provision.plugins.module_utils.mig.snapshot import Snapshot, as_json
from provision.plugins.module_utils.receipts.inputs import record
from provision.probe.answer import observed
from provision.report import documents, status
from provision.report import plan as plan_report
from provision.report import up as up_report
from provision.up import settle, sources, to_ask
from tests.unit.connect.ssh_server import ANSWER
from tests.unit.hosts import host

_TRIES = 3000
_WANTED = {"nvidia_driver_version": "595", "nvidia_mig_layout": "all-1g.10gb"}
_EVIL: list[Any] = [
    None, True, False, 0, -1, 2**40, 2**70, 1e308, float("nan"), float("inf"), "", "x", "[/x]", "[red]", "\ud800",
    "\x1b]2;PWNED\x1b\\", "a\nb", "\u202e\u200b\x00", "x" * 100_000, [], {}, [[]], {"a": ""}, {"a": {"digest": "é"}},
    json.loads("[" * 50 + "]" * 50), [None], ["x"], {"kind": []}, "10de:zzzz", "10de:2330", "GPU-1",
]  # fmt: skip


def _answer() -> dict[str, Any]:
    """Return what a provisioned host with two partitioned GPUs answers."""
    gpu = gpu_from_pci_ids("0000:18:00.0", "10de:2330", "10de:16c1", enabled=True)
    profile = next(iter(gpu.profiles), "1g.10gb")
    instance = GpuInstance(1, profile, Placement(0, 1), (1,), (User("process train (pid 7)"),))
    gpu = replace(gpu, instances=(instance,), users=(User("process x"),))
    inputs = record("s", "c", {"nvidia_driver_version": False}, {"nvidia_driver_version": "580"})
    difference = {"kind": "packages", "subject": "nvidia-open", "text": "nvidia-open 1 -> 2"}
    receipts = {role: {"inputs": inputs, "differences": [difference]} for role in content.ROLES}
    about = {
        "pci": "0000:18:00.0",
        "id": "10de:2330",
        "name": "NVIDIA H100",
        "uuid": "GPU-1",
        "mig": ["1g.10gb"],
    }
    return {
        **ANSWER,
        "gpus": [about, {**about, "pci": "0000:19:00.0", "mig": []}],
        "driver": {"loaded": "580.95.05", "installed": "580.95.05"},
        "docker": "28.0.1",
        "docker_running": True,
        "workloads": [{"kind": "container", "subject": "train"}],
        "infiniband": [{"device": "mlx5_0", "port": "1", "state": "ACTIVE", "rate": "400 Gb/sec (4X NDR)"}],
        "receipts": receipts,
        "partitions": json.loads(json.dumps(as_json(Snapshot((gpu,))))),
    }  # fmt: skip


def _places(value: object, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*above, key)
        yield from _places(item, (*above, key))


def _mutated(dice: random.Random) -> dict[str, Any]:
    answer = copy.deepcopy(_answer())
    for _ in range(dice.randint(1, 3)):
        *above, last = dice.choice(list(_places(answer)))
        inner: Any = answer
        for key in above:
            inner = inner[key]
        match dice.randrange(4):
            case 0 if isinstance(inner, dict):
                inner.pop(last)
            case 1 if isinstance(inner, dict):
                inner[dice.choice(["[/x]", "\x1b[2J", "\ud800", ""])] = inner.pop(last)
            case _:
                inner[last] = copy.deepcopy(dice.choice(_EVIL))
    return answer


def _ask(answer: dict[str, Any]) -> Observed | ConnectError:
    try:
        return observed(read(f"{BEGIN} {json.dumps(answer)} {END}", "", 0, None))
    except ConnectError as error:
        return error


def _shown(screen: RenderableType) -> str:
    # Markup is on: a screen must not depend on the console that it is printed on.
    console = Console(file=StringIO(), width=100)
    console.print(screen)
    return str(console.file.getvalue())  # type: ignore[attr-defined]


def test_whatever_a_host_answers_the_fleet_can_be_shown() -> None:
    dice = random.Random(7)
    fleet = Fleet(Path("fleet.ini"), None, (host("evil", _WANTED), host("good", _WANTED)))
    known = sources.load(content.ROLES)
    good, kinds = observed(read(f"{BEGIN} {json.dumps(_answer())} {END}", "", 0, None)), set()
    for number in range(_TRIES):
        found = _ask(_mutated(dice))
        kinds.add(type(found))
        if isinstance(found, ConnectError):
            assert found.message.isprintable() and len(found.message) < 1000 and found.hint
            continue
        assert type(found) is Observed
        if number % 5:
            continue
        probes = {
            "evil": HostProbe("evil", True, observed=found),
            "good": HostProbe("good", True, observed=good),
        }
        plan = build(fleet, probes, known)
        run = Run("r", settle.settle(plan, probes))
        lines = [up_report.disruption(*each) for each in to_ask(plan)]
        text = "\n".join([_shown(status.screen(probes, plan)), _shown(plan_report.screen(plan)), *lines])
        assert "good" in text
        assert text.replace("\n", "").isprintable()
        assert all("\n" not in line for line in lines)
        for document in (status.document(probes, plan), plan_report.document(plan), up_report.document(run)):
            dumped = documents.dump(document)
            assert json.loads(dumped.encode(), parse_constant=pytest.fail)
    assert kinds == {Observed, ConnectError}
