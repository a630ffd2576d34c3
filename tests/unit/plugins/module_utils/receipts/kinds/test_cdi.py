"""CDI specifications of NVIDIA GPUs."""

from pathlib import Path
from typing import Any

import pytest

from provision.plugins.module_utils.host.machine import Machine
from provision.plugins.module_utils.receipts.kinds import cdi
from tests.unit.plugins.module_utils.receipts.conftest import put

CDI = """cdiVersion: 0.5.0
kind: nvidia.com/gpu
devices:
    - name: "0"
      containerEdits: {deviceNodes: [{path: /dev/nvidia0}]}
    - name: GPU-7a1c2e9b-0c51-4f0f-9b1d-6f2a4c8d1e02
    - name: all
containerEdits:
    env: [NVIDIA_VISIBLE_DEVICES=void]
    hooks:
        - hookName: createContainer
          path: /usr/bin/nvidia-cdi-hook
    mounts:
        - hostPath: /usr/lib/x86_64-linux-gnu/libcuda.so.580.95.05
        - hostPath: /usr/lib/x86_64-linux-gnu/libnvidia-ml.so.580.95.05
"""


def test_a_cdi_specification(machine: Machine) -> None:
    put(Path(machine.root), "/etc/cdi/nvidia.yaml", CDI)
    put(Path(machine.root), "/etc/cdi/other.yaml", 'cdiVersion: 0.5.0\nkind: "vendor.com/nic"\n')
    put(Path(machine.root), "/etc/cdi/nvidia.yaml.bak", CDI)
    found = cdi.measure(machine, True)
    assert list(found["files"]) == ["/etc/cdi/nvidia.yaml"]
    assert found["devices"] == ["0", "GPU-7a1c2e9b-0c51-4f0f-9b1d-6f2a4c8d1e02", "all"]
    assert found["drivers"] == ["580.95.05"]


def test_a_cdi_specification_that_was_generated_again_is_the_same(machine: Machine) -> None:
    file = put(Path(machine.root), "/var/run/cdi/nvidia.yaml", CDI)
    before = cdi.measure(machine, True)
    *lines, cuda, nvml = CDI.splitlines()
    file.write_text("\n".join([*lines, nvml, cuda]))
    assert cdi.measure(machine, True) == before
    file.write_text(CDI.replace("nvidia-cdi-hook", "other"))
    assert cdi.measure(machine, True) != before


def test_a_cdi_specification_in_json(machine: Machine) -> None:
    put(
        Path(machine.root),
        "/etc/cdi/n.json",
        '{\n"kind": "nvidia.com/gpu",\n"devices": [\n{\n"name": "0",\n"x": 1}]}',
    )
    assert cdi.measure(machine, True)["devices"] == ["0"]


PATH = "/etc/cdi/nvidia.yaml"
STATE: dict[str, Any] = {"files": {PATH: "cc"}, "devices": ["0", "1", "all"], "drivers": ["580.95.05"]}
SECOND = "/var/run/cdi/nvidia.yaml"


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ({"files": {}}, [(PATH, f"CDI specification {PATH} deleted")]),
        ({"files": {PATH: "cc", SECOND: "dd"}}, [(SECOND, f"second CDI specification {SECOND}")]),
        ({"files": {PATH: "dd"}}, [(PATH, f"CDI specification {PATH} edited")]),
        ({"drivers": ["570.1"]}, [("nvidia.com/gpu", "CDI specification is for driver 580.95.05 -> 570.1")]),
        ({"devices": ["0", "all"]}, [("nvidia.com/gpu", "CDI specification lost 1")]),
        ({"devices": ["0", "2", "all"]}, [("nvidia.com/gpu", "CDI specification lost 1, gained 2")]),
        ({"devices": ["0", "0", "1", "all"]}, [("nvidia.com/gpu", "CDI specification names a device twice")]),
    ],
)
def test_a_difference_is_told(now: dict[str, Any], told: list[tuple[str, str]]) -> None:
    assert list(cdi.compare(STATE, {**STATE, **now})) == told
