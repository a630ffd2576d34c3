"""A run that is killed, as by SIGKILL, at any plan: what it leaves, and that the next run mends it."""

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from provision.plugins.module_utils.gpus.nvml import Nvml
from provision.plugins.module_utils.mig.apply import apply_plans, locked
from provision.plugins.module_utils.mig.geometry import read_gpus
from provision.plugins.module_utils.mig.gpu import User
from provision.plugins.module_utils.mig.layout import resolve
from provision.plugins.module_utils.mig.plan import plan_gpus
from tests.unit.lab.hardware.conftest import VERSION, Server

ROOT = Path(__file__).parents[5]
A100 = "a100-sxm4-40gb"
PERSISTENCED = "nvidia-persistenced.service"
CHANGES = [("all-balanced", "all-7g.40gb"), ("all-1g.5gb", "all-balanced"), ("all-disabled", "all-balanced")]


def change(library: Nvml, label: str, folder: Path) -> list[str]:
    """Bring the only GPU to a layout as a run does: under the lock, with the service out of the way."""
    calls: list[str] = []

    def run(argv: list[str]) -> tuple[int, str]:
        calls.append(" ".join(argv[1:]))
        return 0, ""

    [gpu] = read_gpus(library)
    gpu = replace(gpu, users=(User("daemon", PERSISTENCED, computes=False),))
    with locked(1, str(folder / "lock")):
        plans = plan_gpus([gpu], resolve(label, [gpu]))
        assert apply_plans(library, plans, run, note=str(folder / "stopped")) == []
    return calls


class Killing:
    """Stands before the library and ends this process at the given call that changes something."""

    def __init__(self, library: Nvml, at: int) -> None:
        self._library, self._at, self._calls = library, at, 0

    def __getattr__(self, name: str) -> Callable[..., object]:
        found: Callable[..., object] = getattr(self._library, name)
        return partial(self._call, found) if name.startswith(("create_", "destroy_", "set_")) else found

    def _call(self, found: Callable[..., object], *arguments: object) -> object:
        self._calls += 1
        if self._calls == self._at:
            signal.raise_signal(signal.SIGKILL)
        return found(*arguments)


def main(library: str, label: str, folder: str, at: str) -> None:
    """Run in a process of its own."""
    killing: object = Killing(Nvml(library), int(at))
    change(killing, label, Path(folder))  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize(("former", "label"), CHANGES)
def test_the_next_run_mends_what_a_killed_one_left(
    former: str, label: str, server: Callable[[dict[str, object]], Server], programs: Path, tmp_path: Path
) -> None:
    server({"gpus": {A100: 1}})
    path = str(programs / f"libnvidia-ml.so.{VERSION}")
    (tmp_path / "run").mkdir()
    note, killed = tmp_path / "run/stopped", 0
    for at in range(1, 100):
        with Nvml(path) as library:
            change(library, former, tmp_path / "run")
        argv = [sys.executable, "-m", __name__, path, label, str(tmp_path / "run"), str(at)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=ROOT)
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        killed += 1
        left = json.loads(note.read_text()) if note.exists() else []
        with Nvml(path) as library:
            calls = change(library, label, tmp_path / "run")
            [gpu] = read_gpus(library)
            target = resolve(label, [gpu])[gpu.uuid]
        assert gpu.enabled == gpu.pending == target.enabled
        found = Counter(each.spec for each in gpu.instances)
        assert found == Counter(target.instances), f"call {at}"
        assert {f"start {unit}" for unit in left} <= set(calls)
        assert not note.exists()
    assert killed >= 4


if __name__ == "__main__":
    main(*sys.argv[1:])
