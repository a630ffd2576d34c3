"""nvidia_mig_layout that is killed between any two of its effects: the next run ends where it would have ended."""

from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args

from provision.plugins.module_utils.gpus.nvml import Nvml
from provision.plugins.module_utils.host.machine import Machine
from provision.plugins.module_utils.mig.gpu import User
from provision.plugins.module_utils.mig.record import load
from provision.plugins.module_utils.mig.survey import ask_driver
from provision.plugins.modules import nvidia_mig_layout
from tests.killing import Countdown, is_killed
from tests.modules.mig_bench import PERSISTENCED, Bench, bench, gpu_uuid
from tests.unit.lab.hardware.conftest import Server, nvml, programs, server
from tests.unit.plugins.module_utils.mig.killing import Killing

__all__ = ["bench", "nvml", "programs", "server"]


def killed_run(server: Server, root: Path, library: str, layout: object, at: int) -> None:
    """Run the module in a process of its own; be killed before that effect."""
    countdown = Countdown(at)
    bench = Bench(server, root, library, lambda *_, **__: {})
    bench.install(setattr)
    if not bench.stopped:
        bench.use(gpu_uuid(bench), User("daemon", PERSISTENCED, computes=False))
    command = bench.command

    def counted(argv: list[str]) -> tuple[int, str, str]:
        countdown.tick()
        return command(argv)

    bench.command = counted  # type: ignore[method-assign]
    setattr(nvidia_mig_layout, "Nvml", lambda: Killing(Nvml(library), countdown))  # noqa: B010 - of its imports
    countdown.watch_files(root)
    with patch_module_args({"layout": layout, "allow_destroy": True, "allow_reset": True}):
        nvidia_mig_layout.main()


def layout(**profiles: int) -> list[dict[str, object]]:
    return [{"devices": [0], "mig-enabled": bool(profiles), "mig-devices": profiles}]


CASES = [
    pytest.param([], layout(**{"3g.20gb": 1}), id="the first layout", marks=pytest.mark.slow),
    pytest.param(layout(**{"7g.40gb": 1}), layout(**{"3g.20gb": 1}), id="another layout"),
    pytest.param(layout(**{"7g.40gb": 1}), [], id="none any more"),
]


@pytest.mark.parametrize(("former", "wanted"), CASES)
def test_the_next_run_ends_where_a_killed_one_would_have(
    bench: Bench, former: object, wanted: object
) -> None:
    at, killed = 0, True
    while killed:
        at += 1
        bench.run(layout())
        bench.run(former)
        killed = is_killed(killed_run, bench.server, bench.root, bench.library, wanted, at)
        bench.run(wanted)
        assert not bench.run(wanted, check=True)["changed"], f"effect {at}"
        assert not bench.stopped, f"effect {at}"
        assert not {"changed", "stopped"} & {path.name for path in (bench.root / "run").iterdir()}, (
            f"effect {at}"
        )
        assert bench.enabled == bool(wanted), f"effect {at}"
        if wanted:
            assert set(bench.described.read_text().split()) == bench.uuids() != set(), f"effect {at}"
            with Nvml(bench.library) as library:
                [gpu, _] = ask_driver(library, Machine()).gpus
            [recorded] = load((bench.folder / "record").read_text()).gpus
            assert set(recorded.target.placements) == {each.placement for each in gpu.instances}
    assert at > 5
