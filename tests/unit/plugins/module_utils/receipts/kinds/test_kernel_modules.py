"""Modules of the running kernel."""

from pathlib import Path
from typing import Any

import pytest

from provision.plugins.module_utils.host.machine import Machine
from provision.plugins.module_utils.receipts.kinds import kernel_modules
from tests.unit.plugins.module_utils.receipts.conftest import RELEASE, put


def test_loaded_and_installed_versions(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    put(Path(machine.root), "/sys/module/nvidia/version", "580.95.05\n")
    put(Path(machine.root), f"/lib/modules/{RELEASE}/updates/dkms/nvidia.ko", "")
    monkeypatch.setattr(machine, "run", lambda _: (0, "595.71.05\n"))
    assert kernel_modules.measure(machine, ["nvidia"]) == {
        "release": RELEASE,
        "modules": {"nvidia": {"loaded": "580.95.05", "installed": "595.71.05"}},
    }


VERSIONS: dict[str, str | None] = {"loaded": "580.95.05", "installed": "580.95.05"}


def state(versions: dict[str, str | None], release: str = "6.8.0-60") -> dict[str, Any]:
    return {"release": release, "modules": {"nvidia": versions}}


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (state({**VERSIONS, "installed": None}, "6.8.0-71"), ["kernel 6.8.0-71 has no nvidia module"]),
        (
            state({"loaded": None, "installed": None}, "6.8.0-71"),
            ["kernel 6.8.0-71 has no nvidia module", "nvidia module not loaded"],
        ),
        (state(VERSIONS, "6.8.0-71"), []),
        (state({**VERSIONS, "loaded": None}), ["nvidia module not loaded"]),
        (state({**VERSIONS, "loaded": "570.1"}), ["loaded nvidia module 580.95.05 -> 570.1"]),
        (state({**VERSIONS, "installed": "595.71.05"}), ["installed nvidia module 580.95.05 -> 595.71.05"]),
    ],
)
def test_a_difference_is_told(now: dict[str, Any], told: list[str]) -> None:
    found = kernel_modules.compare(state(VERSIONS), now)
    assert list(found) == [("nvidia", text) for text in told]
