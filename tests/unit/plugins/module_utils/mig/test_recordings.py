"""What real GPUs offer, as far as anyone has recorded it, is what the tables say; and the comparison can fail."""

import copy
import importlib.util
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from provision.plugins.module_utils.gpus.nvml import Nvml
from tests.unit.lab.hardware.conftest import VERSION, Server

from .gpus import GPUS
from .recordings import differences

ROOT = Path(__file__).parents[5]
CASES = ROOT / "tests/cases/mig"
A100 = "a100-sxm4-40gb"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("record_mig", ROOT / "scripts/record_mig.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class ReadOnly:
    """Stands before the library and lets nothing through that could change a GPU."""

    def __init__(self, library: Nvml) -> None:
        self._library = library

    def __getattr__(self, name: str) -> object:
        assert not name.startswith(("create_", "destroy_", "set_", "released")), name
        return getattr(self._library, name)


def record(
    script: ModuleType, server: Callable[[dict[str, object]], Server], programs: Path, model: str
) -> Any:  # noqa: ANN401 - as it is read back from JSON
    server({"gpus": {model: 2}})
    with Nvml(str(programs / f"libnvidia-ml.so.{VERSION}")) as library:
        return json.loads(json.dumps(script.recording(ReadOnly(library))))


def recordings() -> list[Path]:
    """The recordings that there are; a folder without any proves nothing, so it is an error."""
    found = sorted(CASES.glob("*.json"))
    assert found, f"no recording in {CASES}"
    return found


@pytest.mark.parametrize("path", recordings(), ids=lambda path: path.stem)
def test_every_recording_agrees_with_the_tables(path: Path) -> None:
    recording = json.loads(path.read_text())
    assert recording["gpus"]
    assert differences(recording) == []


@pytest.mark.parametrize("model", GPUS)
def test_a_recording_of_the_lab_agrees_with_the_lab(
    model: str, script: ModuleType, server: Callable[[dict[str, object]], Server], programs: Path
) -> None:
    found = record(script, server, programs, model)
    assert (found["driver"], len(found["gpus"])) == (VERSION, 1)
    assert differences(found) == []


MUTATIONS: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda gpu: gpu["profiles"].pop(0), "1g.5gb of the product's table is not offered"),
    (lambda gpu: gpu["profiles"][0].update(name="1g.6gb"), "1g.6gb is not in the product's table"),
    (lambda gpu: gpu["profiles"][0].update(limit=6), "limit of 1g.5gb is 6, in the product's table 7"),
    (lambda gpu: gpu["profiles"][2]["placements"].pop(), "placements of 3g.20gb is [[0, 4]], in the product"),
    (lambda gpu: gpu["profiles"][0].update(id=7), "id of 1g.5gb is 7, in the lab's a100-sxm4-40gb 19"),
    (lambda gpu: gpu["profiles"][0]["engines"].__setitem__(0, 9), "engines of 1g.5gb is [9, 0, 0, 0, 0]"),
    (lambda gpu: gpu["profiles"][0].update(memory_mib=1), "memory_mib of 1g.5gb is 1, in the lab's"),
    (lambda gpu: gpu.update(device="1db610de"), "the product says that it cannot do MIG"),
]


@pytest.mark.parametrize(("mutate", "line"), MUTATIONS, ids=[line for _, line in MUTATIONS])
def test_a_recording_that_differs_is_found(
    mutate: Callable[[dict[str, Any]], object], line: str, recorded: dict[str, Any]
) -> None:
    changed = copy.deepcopy(recorded)
    mutate(changed["gpus"][0])
    assert any(line in each for each in differences(changed)), differences(changed)


@pytest.fixture
def recorded(
    script: ModuleType, server: Callable[[dict[str, object]], Server], programs: Path
) -> dict[str, Any]:
    found: dict[str, Any] = record(script, server, programs, A100)
    return found


def test_without_a_driver_it_says_so(
    script: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "Nvml", partial(Nvml, "/nonexistent/libnvidia-ml.so.1"))
    assert script.main() == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert "hint: `nvidia-smi` must work" in err
