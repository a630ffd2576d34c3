"""A change that is killed, as by SIGKILL, between any two of its effects: the next one mends what it left.

Effects are calls that change a GPU, commands, and files that appear and go.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from provision.plugins.module_utils.gpus.nvml import Nvml
from provision.plugins.module_utils.mig.apply import apply_plans, locked, resume
from provision.plugins.module_utils.mig.geometry import read_gpus
from provision.plugins.module_utils.mig.gpu import MigGpu, User
from provision.plugins.module_utils.mig.layout import resolve
from provision.plugins.module_utils.mig.plan import plan_gpus
from tests.killing import Countdown, is_killed
from tests.unit.lab.hardware.conftest import VERSION, Server

from .killing import Killing

A100 = "a100-sxm4-40gb"
PERSISTENCED = "nvidia-persistenced.service"
CHANGES = [
    ("all-disabled", "all-3g.20gb"),
    pytest.param("all-balanced", "all-7g.40gb", marks=pytest.mark.slow),
    pytest.param("all-1g.5gb", "all-disabled", marks=pytest.mark.slow),
]


class Host:
    """The GPU of the lab's server, and a service that holds it while it runs."""

    def __init__(self, folder: Path, library: str) -> None:
        self.folder, self.library = folder, library
        self.note, self.stopped = folder / "run/note", folder / "stopped"

    def change(self, label: str, at: int = 0) -> None:
        """Bring the GPU to a layout as a run does; with `at`, be killed before that effect."""
        countdown = Countdown(at)
        countdown.watch_files(self.folder / "run")
        with Nvml(self.library) as library, locked(1, str(self.folder / "lock")):
            killing: object = Killing(library, countdown)
            resume(lambda argv: self._run(argv, countdown), str(self.note))
            gpu = self.gpu(library)
            apply_plans(
                killing,  # type: ignore[arg-type]
                plan_gpus([gpu], resolve(label, [gpu])),
                lambda argv: self._run(argv, countdown),
                note=str(self.note),
            )

    def gpu(self, library: Nvml) -> MigGpu:
        """Return the GPU as it is."""
        [gpu] = read_gpus(library)
        if self.stopped.exists():
            return gpu
        daemon = (User("daemon", PERSISTENCED, computes=False),)
        held = tuple(replace(instance, users=daemon) for instance in gpu.instances)
        return replace(gpu, users=daemon, instances=held)

    def is_at(self, label: str) -> bool:
        """Tell whether the GPU has this layout."""
        with Nvml(self.library) as library:
            gpu = self.gpu(library)
        target = resolve(label, [gpu])[gpu.uuid]
        specs = Counter(instance.spec for instance in gpu.instances)
        return gpu.enabled == gpu.pending == target.enabled and specs == Counter(target.instances)

    def _run(self, argv: list[str], countdown: Countdown) -> tuple[int, str]:
        countdown.tick()
        program, verb, unit = argv
        assert (program, unit) == ("systemctl", PERSISTENCED)
        if verb == "stop":
            self.stopped.touch()
        else:
            assert verb == "start"
            self.stopped.unlink(missing_ok=True)
        return 0, ""


@pytest.fixture
def host(server: Callable[[dict[str, object]], Server], programs: Path, tmp_path: Path) -> Host:
    server({"gpus": {A100: 1}})
    return Host(tmp_path, str(programs / f"libnvidia-ml.so.{VERSION}"))


@pytest.mark.parametrize(("former", "label"), CHANGES)
def test_the_next_change_mends_what_a_killed_one_left(former: str, label: str, host: Host) -> None:
    at, stopped = 0, 0
    while True:
        at += 1
        assert not is_killed(host.change, former)
        if not is_killed(host.change, label, at):
            break
        stopped += host.stopped.exists()
        assert not is_killed(host.change, label)
        assert host.is_at(label), f"effect {at}"
        assert not host.stopped.exists(), f"effect {at}"
        assert not host.note.exists(), f"effect {at}"
    assert host.is_at(label)
    assert stopped > 1
