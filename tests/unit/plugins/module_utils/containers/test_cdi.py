"""CDI specifications of NVIDIA GPUs."""

import pytest

from provision.plugins.module_utils.containers.cdi import (
    End,
    devices,
    foreseen,
    is_gpu_spec,
    parse_environment,
    refreshed_path,
    rivals,
    same_spec,
    to_stdout,
)

SPEC = """---
cdiVersion: 0.5.0
kind: nvidia.com/gpu
devices:
    - name: "0"
      containerEdits:
        deviceNodes:
            - path: /dev/nvidia0
    - name: GPU-12345678-1234-1234-1234-123456780000
    - name: "0:1"
    - name: MIG-12345678-1234-1234-1234-123456780000
    - name: all
containerEdits:
    hooks:
        - hookName: createContainer
          path: /usr/bin/nvidia-cdi-hook
"""
JSON = (
    '{\n "cdiVersion": "0.5.0",\n "kind": "nvidia.com/gpu",\n "devices": [\n  {\n   "name": "0"\n  }\n ]\n}\n'
)


def test_devices() -> None:
    names = ["0", "GPU-12345678-1234-1234-1234-123456780000", "0:1"]
    assert devices(SPEC) == [*names, "MIG-12345678-1234-1234-1234-123456780000", "all"]
    assert devices(JSON) == ["0"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (SPEC, True),
        (JSON, True),
        ("kind: management.nvidia.com/gpu\n", False),
        ("kind: nvidia.com/gpus\n", False),
        ("kind: intel.com/gpu\n", False),
    ],
)
def test_is_gpu_spec(text: str, wanted: bool) -> None:
    assert is_gpu_spec(text) is wanted


def test_same_spec_whatever_the_order() -> None:
    assert same_spec(SPEC, "\n".join(reversed(SPEC.splitlines())))
    assert not same_spec(SPEC, SPEC.replace("nvidia0", "nvidia1"))


def test_rivals_name_our_devices_and_are_not_us() -> None:
    found = {
        "/etc/cdi/nvidia.yaml": JSON,
        "/var/run/cdi/nvidia.yaml": SPEC,
        "/etc/cdi/empty.yaml": "kind: nvidia.com/gpu\ndevices: []\n",
        "/etc/cdi/other.yaml": SPEC.replace("nvidia.com/gpu", "vendor.com/net"),
        "/etc/cdi/remote.json": JSON.replace('"0"', '"7"'),
    }
    assert rivals("/var/run/cdi/nvidia.yaml", SPEC, found) == ["/etc/cdi/empty.yaml", "/etc/cdi/nvidia.yaml"]


def test_the_environment_file_may_move_the_output() -> None:
    text = "# c\nNVIDIA_CTK_CDI_OUTPUT_FILE_PATH=/var/run/cdi/x.yaml\nNVIDIA_CTK_DEBUG='true'\nPATH=/x\n"
    environment = parse_environment(text)
    assert refreshed_path(environment) == "/var/run/cdi/x.yaml"
    assert refreshed_path({}) == "/var/run/cdi/nvidia.yaml"
    assert to_stdout(environment) == {"NVIDIA_CTK_DEBUG": "true"}


def _spec(*names: str, driver: str = "580.95.05") -> str:
    lines = "".join(f'- name: "{name}"\n' for name in names)
    return f"kind: nvidia.com/gpu\ndevices:\n{lines}# libcuda.so.{driver}\n"


# An A100 and another GPU: with MIG mode on and no instances the first one is not described.
_WHOLE, _SPLIT = _spec("1", "all"), _spec("0:0", "0:1", "MIG-aa", "MIG-bb", "1", "all")


@pytest.mark.parametrize(
    ("current", "now", "end", "expected"),
    [
        (_WHOLE, _WHOLE, End(), _WHOLE),
        ("edited", _WHOLE, End(), _WHOLE),
        (None, _WHOLE, End(), _WHOLE),
        (None, None, End(), None),
        # The driver does not answer, and will.
        (_WHOLE, None, End("580.95.05"), _WHOLE),
        (_WHOLE, None, End("595.71.05"), None),
        # It answers, and another one comes.
        (_WHOLE, _WHOLE, End("595.71.05"), None),
        # Instances that were lost come back; others are new.
        (_SPLIT, _WHOLE, End(created=2), _SPLIT),
        (_SPLIT, None, End("580.95.05", created=2), _SPLIT),
        # They are there, go with the module, and come back.
        (_SPLIT, _SPLIT, End("580.95.05", created=2), _SPLIT),
        (_WHOLE, _WHOLE, End(created=2), None),
        # Instances come back, and a GPU beside them is another one.
        (_spec("0:0", "0:1", "GPU-aa"), _spec("GPU-bb"), End(created=2), None),
        (_SPLIT, _SPLIT, End(created=1, destroyed=1), None),
    ],
)
def test_the_specification_at_the_end_of_a_run_is_foreseen(
    current: str | None, now: str | None, end: End, expected: str | None
) -> None:
    assert foreseen(current, now, end) == expected
