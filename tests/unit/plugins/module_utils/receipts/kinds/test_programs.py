"""Files as their packages brought them."""

import os
from pathlib import Path
from typing import Any

import pytest

from provision.plugins.module_utils.host.machine import Machine
from provision.plugins.module_utils.receipts.kinds import programs
from tests.unit.plugins.module_utils.receipts.conftest import put


def test_a_program_is_known_by_size_and_time_and_a_link_by_its_target(machine: Machine) -> None:
    os.utime(put(Path(machine.root), "/usr/lib/libcuda.so.580", "elf"), (1.5, 1.5))
    (Path(machine.root) / "usr/lib/libcuda.so.1").symlink_to("libcuda.so.580")
    paths = ["/usr/lib/libcuda.so.580", "/usr/lib/libcuda.so.1", "/usr/bin/nvidia-smi"]
    assert programs.measure(machine, {"libcuda1": paths[:2], "nvidia-smi": paths[2:]}) == {
        "/usr/bin/nvidia-smi": None,
        "/usr/lib/libcuda.so.1": {"target": "libcuda.so.580"},
        "/usr/lib/libcuda.so.580": {"size": 3, "changed": 1},
    }


LINK = {"target": "libcuda.so.580"}


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ({"size": 9, "changed": 5}, {"size": 9, "changed": 6}, ["/a is not its package's any more"]),
        (LINK, {"size": 9, "changed": 6}, ["/a is not its package's any more"]),
        (LINK, {"target": "libcuda.so.535"}, ["/a leads to libcuda.so.535 instead of libcuda.so.580"]),
        (LINK, None, ["/a deleted"]),
        (None, LINK, ["/a is not its package's any more"]),
        (LINK, LINK, []),
    ],
)
def test_a_difference_is_told(
    before: dict[str, object] | None, now: dict[str, object] | None, told: list[str]
) -> None:
    assert list(programs.compare({"/a": before}, {"/a": now})) == [("/a", text) for text in told]


WANTED = {"libcuda1": ["/lib/a", "/lib/b"], "nvidia-smi": ["/bin/c"]}


@pytest.mark.parametrize(
    ("before", "now", "exchanged"),
    [
        ({"libcuda1": "580", "nvidia-smi": "580"}, {"libcuda1": "580", "nvidia-smi": "580"}, set()),
        (
            {"libcuda1": "580", "nvidia-smi": "580"},
            {"libcuda1": "595", "nvidia-smi": "580"},
            {"/lib/a", "/lib/b"},
        ),
        ({"libcuda1": "580"}, {"libcuda1": "580"}, {"/bin/c"}),
        ({"libcuda1": "580", "nvidia-smi": "580"}, {"nvidia-smi": "580"}, {"/lib/a", "/lib/b"}),
    ],
)
def test_programs_of_other_versions_are_known(
    before: dict[str, str], now: dict[str, str], exchanged: set[str]
) -> None:
    def states(versions: dict[str, str]) -> dict[str, Any]:
        return {name: {"version": version, "held": True} for name, version in versions.items()}

    assert programs.exchanged(WANTED, states(before), states(now)) == exchanged
